using System.CommandLine;
using System.Globalization;
using System.Text;
using Scry.Capture;
using Scry.Syscalls;
using Scry.Views;

namespace Scry.Cli.CommandLine;

/// <summary>The options of <c>scry loop</c>, and what they mean.</summary>
internal static class LoopOptions
{
    /// <summary>The recorder's name: needed when there are several.</summary>
    public static readonly Argument<string[]> NameWord = new("NAME") { Arity = ArgumentArity.ZeroOrMore };

    public static readonly Option<string[]> Memory = TraceOptions.Many("--memory", "SIZE", "All the memory it takes, whatever it covers: 4M to 448M (64M, or what is left)");
    public static readonly Option<string[]> Payload = TraceOptions.Many("--payload", "N", "Keep N bytes of what is read and written (none)");
    public static readonly Option<string[]> CpuBudget = TraceOptions.Many("--cpu-budget", "SHARE",
        "Give up detail when it takes more of the machine's CPU time: 1%");
    public static readonly Option<string[]> On = TraceOptions.Many("--on", "TRIGGER",
        "Freeze a cgroup's past at: fatal, SIGSEGV, oom, exit, exit=3, errno=EIO, slow=2s, removal, path=/etc/*");
    public static readonly Option<string[]> Cooldown = TraceOptions.Many("--cooldown", "DURATION", "At most one incident of a cgroup in this time (10s)");
    public static readonly Option<string[]> Incidents = TraceOptions.Many("--incidents", "N", "Keep at most N incidents, others are counted (16)");
    public static readonly Option<string[]> Last = TraceOptions.Many("--last", "DURATION", "Only the last: 30s, 5m");
    public static readonly Option<string[]> Incident = TraceOptions.Many("--incident", "N", "An incident, by its number in 'scry loop list', or 'last'");
    public static readonly Option<string[]> Directory = TraceOptions.Many("--dir", "DIR", "Where the incidents' files go");
    public static readonly Option<string[]> Keep = TraceOptions.Many("--keep", "N", "Keep the newest N files (100)");
    public static readonly Option<string[]> MaxSize = TraceOptions.Many("--max-size", "SIZE", "Keep files of at most so many bytes together (1G)");
    public static readonly Option<string[]> Exec = TraceOptions.Many("--exec", "COMMAND", "Run 'sh -c COMMAND' for each; $SCRY_FILE, $SCRY_WHY, $SCRY_CGROUP tell");
    public static readonly Option<bool> Discard = TraceOptions.Flag("--discard", "Give up incidents that were not saved");
    public static readonly Option<bool> DumpOnExit = TraceOptions.Flag("--dump-on-exit", "Print the past at Ctrl-C or at the cgroup's end: the default, as traceloop's");
    public static readonly Option<bool> Json = TraceOptions.Flag("--json", "A JSON object for each");

    // <asm/signal.h>: the signals that end a process with a core, signal(7).
    private static readonly int[] s_fatal = [3, 4, 5, 6, 7, 8, 11, 24, 25, 31];

    /// <summary>The recorder's name; null when none is given.</summary>
    /// <exception cref="ToolException">There are several.</exception>
    public static string? Name(ParseResult words) => (words.GetValue(NameWord) ?? []) switch
    {
        [] => null,
        [string name] => name,
        _ => throw new ToolException("more than one recorder is named", "write one name; options begin with -", ExitCode.Usage),
    };

    /// <summary>Reads --on, --cooldown and --incidents.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static FlightTriggers ReadTriggers(ParseResult words)
    {
        var triggers = new FlightTriggers();
        foreach (string word in (words.GetValue(On) ?? []).SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries)))
            triggers = Add(triggers, word);
        if (TraceArguments.Single(words, Cooldown) is { } cooldown)
            triggers = triggers with { CooldownNs = Quantity.Duration("--cooldown", cooldown, "s") };
        if (TraceArguments.Single(words, Incidents) is { } incidents)
            triggers = triggers with { MostIncidents = (int)Quantity.Count("--incidents", incidents, 1, 1000) };
        return triggers;
    }

    private static FlightTriggers Add(FlightTriggers triggers, string word)
    {
        int equals = word.IndexOf('=');
        string kind = equals < 0 ? word : word[..equals], value = equals < 0 ? "" : word[(equals + 1)..];
        return (kind.ToLowerInvariant(), value) switch
        {
            ("fatal", "") => triggers with { Signals = [.. triggers.Signals, .. s_fatal], Oom = true },
            ("oom", "") => triggers with { Oom = true },
            ("removal", "") => triggers with { Removal = true },
            ("exit", "") => triggers with { ExitCodes = [.. Enumerable.Range(1, 255)] },
            ("exit", _) => triggers with { ExitCodes = [.. triggers.ExitCodes, (int)Quantity.Count("--on exit", value, 1, 255)] },
            ("errno", not "") => triggers with { Errnos = [.. triggers.Errnos, Errno(value)] },
            ("slow", not "") => triggers with { SlowNs = Quantity.Duration("--on slow", value, "ms") },
            ("path", not "") => triggers with { Paths = [.. triggers.Paths, Pattern(value, triggers.Paths.Count)] },
            (_, "") when SignalNames.Find(kind) is { } signal => triggers with { Signals = [.. triggers.Signals, (int)signal] },
            _ => throw new ToolException($"--on: there is no trigger '{Printable.Escape(word)}'",
                "there are fatal, SIGSEGV and other signals, oom, exit, exit=3, errno=EIO, slow=2s, removal, path=/etc/*", ExitCode.Usage),
        };
    }

    private static int Errno(string name) => ErrnoNames.TryNumber(name, out int number)
        || (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is > 0 and < 1024)
            ? number
            : throw new ToolException($"--on errno: there is no error '{Printable.Escape(name)}'", "errno(3) lists them: EIO, ENOSPC", ExitCode.Usage);

    private static byte[] Pattern(string text, int before)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        string[] ends = text.Split('*');
        if (before >= 4)
            throw new ToolException("--on path: there can be 4 patterns", null, ExitCode.Usage);
        if (ends.Length > 2 || ends.Any(end => Encoding.UTF8.GetByteCount(end) > 63))
            throw new ToolException($"--on path: '{Printable.Escape(text)}' is more than can be compared in the kernel", "write at most one *, and at most 63 bytes on either side", ExitCode.Usage);
        return bytes;
    }
}
