using System.CommandLine;
using Scry.Capture;
using Scry.Cli.Launch;
using Scry.Syscalls;
using Scry.Views;

namespace Scry.Cli.CommandLine;

/// <summary>What a run traces, as a person named it.</summary>
internal enum TargetChoice
{
    Command,
    Processes,
    Threads,
    All,
    Comm,
    User,
    Cgroup,
    Unit,
    Container,
}

/// <summary>What was asked of <c>scry trace</c>, checked as far as the words alone tell.</summary>
internal sealed record TraceArguments
{
    public required TargetChoice Target { get; init; }
    /// <summary>The target's names: pids, tids, a comm, a user, a cgroup, a unit, a container, or the command with its arguments.</summary>
    public required IReadOnlyList<string> Names { get; init; }
    /// <summary>Beside a command: processes, or threads when children are not followed, that are traced too.</summary>
    public IReadOnlyList<string> Attached { get; init; } = [];
    /// <summary>How the command is started.</summary>
    public CommandSettings Command { get; init; } = CommandSettings.Usual;
    public bool Follow { get; init; }

    public required IReadOnlyList<string> Expressions { get; init; }
    /// <summary>Shortest duration of a call in nanoseconds; 0: any.</summary>
    public ulong MinDuration { get; init; }
    public bool FailedOnly { get; init; }
    /// <summary>Names or numbers; empty: any.</summary>
    public required IReadOnlyList<string> Errnos { get; init; }
    public bool Signals { get; init; }
    /// <summary>Calls after which tracing stops.</summary>
    public long MaxEvents { get; init; }
    /// <summary>Nanoseconds after which tracing stops; null: never.</summary>
    public ulong? For { get; init; }

    public AttachMode Attach { get; init; }

    /// <summary>What follows the scheduler, and stacks.</summary>
    public SplitArguments Why { get; init; } = SplitArguments.None;
    /// <summary>Whether calls alone are shown: no signals, no ends.</summary>
    public bool CallsAlone { get; init; }
    /// <summary>So many calls are shown, the longest, at the end; 0: all, as they come.</summary>
    public int Top { get; init; }

    public bool Durations { get; init; }
    /// <summary>Durations are not even recorded.</summary>
    public bool NoDurations { get; init; }
    public CaptureTime Capture { get; init; }
    public TimeStyle Time { get; init; }
    /// <summary>Bytes shown of a string or buffer, as far as a record holds them.</summary>
    public int StringLimit { get; init; }
    /// <summary>Bytes captured of what is read, written, sent and received; 0: none; null: as of strings.</summary>
    public int? PayloadLimit { get; init; }
    /// <summary>Column of the results.</summary>
    public int Align { get; init; }
    public bool NoAbbrev { get; init; }
    /// <summary>Which descriptors are shown with what they stand for.</summary>
    public DescriptorParts Descriptors { get; init; }
    /// <summary>What is said of ids of threads and processes.</summary>
    public PidParts Pids { get; init; }
    /// <summary>Paths of which calls must be given one, or a descriptor of it; empty: any.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];
    /// <summary>Descriptors of which calls must be given one; empty: any.</summary>
    public IReadOnlyList<int> Fds { get; init; } = [];
    /// <summary>Whether a call's line begins with where its caller's code goes on.</summary>
    public bool InstructionPointer { get; init; }
    /// <summary>Whether a call's line is followed by its caller's stack, as strace has it.</summary>
    public bool StackTraces { get; init; }
    /// <summary>Whether a call's line begins with its number.</summary>
    public bool SyscallNumber { get; init; }
    /// <summary>What else there is to say of how calls are shown.</summary>
    public DecoderOptions Decoding { get; init; } = new();
    public bool ShowComm { get; init; }
    public bool ShowCgroup { get; init; }
    /// <summary>Null: when the output is a terminal.</summary>
    public bool? Color { get; init; }

    /// <summary>Whether calls must carry what their descriptors stand for.</summary>
    public bool NeedsDescriptors => Descriptors != DescriptorParts.None || Paths.Count > 0 || Fds.Count > 0;

    public string? OutputFile { get; init; }
    public bool Json { get; init; }
    public bool Quiet { get; init; }
    public bool Strict { get; init; }
    /// <summary>Bytes of each CPU's ring; null: the default.</summary>
    public long? Buffer { get; init; }

    private const int DefaultStringLimit = 32;
    private const int DefaultAlign = 40;

    /// <summary>Reads the parsed words.</summary>
    /// <param name="words">The words.</param>
    /// <param name="command">The command, where it is not read as <see cref="TraceOptions.Command"/>.</param>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static TraceArguments Read(ParseResult words, IReadOnlyList<string>? command = null)
    {
        (TargetChoice target, IReadOnlyList<string> names) = ReadTarget(words, command: command);
        return ReadOptions(words, target, names);
    }

    /// <summary>The same; without a target, all the machine is.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static TraceArguments ReadOrAll(ParseResult words)
    {
        (TargetChoice target, IReadOnlyList<string> names) = ReadTarget(words, orAll: true);
        return ReadOptions(words, target, names);
    }

    /// <summary>Reads all but the target; options that the command does not have are not given.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static TraceArguments ReadOptions(ParseResult words, TargetChoice target, IReadOnlyList<string> names)
    {
        CaptureTime capture = ReadCapture(words);
        return new TraceArguments
        {
            Target = target,
            Names = names,
            Follow = !words.GetValue(TraceOptions.NoFollow),
            Expressions = List(words, TraceOptions.Expression),
            MinDuration = ReadMinDuration(words),
            FailedOnly = words.GetValue(TraceOptions.Failed),
            Errnos = [.. List(words, TraceOptions.Errno).SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries))],
            Signals = !words.GetValue(TraceOptions.NoSignals),
            MaxEvents = Single(words, TraceOptions.MaxEvents) is { } n ? Quantity.Count("--max-events", n, 1, long.MaxValue) : long.MaxValue,
            For = Single(words, TraceOptions.For) is { } time ? Quantity.Duration("--for", time, null) : null,
            Attach = ReadAttach(words),
            Durations = words.GetValue(TraceOptions.Duration),
            NoDurations = words.GetValue(TraceOptions.NoDurations) || capture == CaptureTime.Exit,
            Capture = capture,
            Time = ReadTime(words),
            StringLimit = Single(words, TraceOptions.StringLimit) is { } s ? (int)Quantity.Count("-s", s, 0, int.MaxValue) : DefaultStringLimit,
            Align = Single(words, TraceOptions.Align) is { } column ? (int)Quantity.Count("--align", column, 0, 1000) : DefaultAlign,
            NoAbbrev = words.GetValue(TraceOptions.NoAbbrev),
            Descriptors = DescriptorSet.Read(words, TraceOptions.DecodeFds) ?? DescriptorParts.None,
            Pids = ReadPids(words),
            Paths = List(words, TraceOptions.TracePath),
            Fds = [.. List(words, TraceOptions.TraceFds).SelectMany(DescriptorSet.Numbers)],
            InstructionPointer = words.GetValue(TraceOptions.InstructionPointer),
            StackTraces = words.GetValue(TraceOptions.StackTraces),
            Why = words.GetValue(TraceOptions.StackTraces) ? StacksOfCallers : SplitArguments.None,
            SyscallNumber = words.GetValue(TraceOptions.SyscallNumber),
            ShowComm = words.GetValue(TraceOptions.ShowComm),
            ShowCgroup = words.GetValue(TraceOptions.ShowCgroup),
            Color = ReadColor(words),
            OutputFile = Single(words, TraceOptions.Output),
            Json = words.GetValue(TraceOptions.Json),
            Quiet = words.GetValue(TraceOptions.Quiet),
            Strict = words.GetValue(TraceOptions.Strict),
            Buffer = Single(words, TraceOptions.Buffer) is { } size ? BufferSize(size) : null,
        };
    }

    private static (TargetChoice, IReadOnlyList<string>) ReadTarget(ParseResult words, bool orAll = false, IReadOnlyList<string>? command = null)
    {
        var named = new List<(TargetChoice Choice, string As, IReadOnlyList<string> Names)>();
        void Consider(TargetChoice choice, string name, IReadOnlyList<string> names)
        {
            if (names.Count > 0)
                named.Add((choice, name, names));
        }
        Consider(TargetChoice.Processes, "-p", List(words, TraceOptions.Pid));
        Consider(TargetChoice.Threads, "-t", List(words, TraceOptions.Tid));
        Consider(TargetChoice.All, "-a", words.GetValue(TraceOptions.All) ? ["all"] : []);
        Consider(TargetChoice.Comm, "--comm", AsList(Single(words, TraceOptions.Comm)));
        Consider(TargetChoice.User, "-u", AsList(Single(words, TraceOptions.User)));
        Consider(TargetChoice.Cgroup, "-G", AsList(Single(words, TraceOptions.Cgroup)));
        Consider(TargetChoice.Unit, "--unit", AsList(Single(words, TraceOptions.Unit)));
        Consider(TargetChoice.Container, "--container", AsList(Single(words, TraceOptions.Container)));
        command ??= words.GetValue(TraceOptions.Command) ?? [];
        Consider(TargetChoice.Command, $"the command '{Printable.Escape(command.Count > 0 ? command[0] : "")}'", command);
        return named.Count switch
        {
            1 => (named[0].Choice, named[0].Names),
            0 when orAll => (TargetChoice.All, ["all"]),
            0 => throw new ToolException("no target is named",
                "give -p PID, -t TID, -a, --comm NAME, -u USER, -G CGROUP, --unit UNIT, --container NAME, or -- COMMAND; see 'scry " + words.CommandResult.Command.Name + " --help'", ExitCode.Usage),
            _ => throw new ToolException($"{named[0].As} and {named[1].As} are two targets, and a run has one", null, ExitCode.Usage),
        };
    }

    private static ulong ReadMinDuration(ParseResult words) =>
        (Single(words, TraceOptions.Over), Single(words, TraceOptions.DurationMs)) switch
        {
            (null, null) => 0,
            ({ } over, null) => Quantity.Duration("--over", over, "ms"),
            (null, { } ms) => Quantity.Duration("--duration", ms, "ms"),
            _ => throw new ToolException("--over and --duration say the same thing", "give one of them", ExitCode.Usage),
        };

    // Without durations nothing is left that most calls' entries tell.
    private static CaptureTime ReadCapture(ParseResult words)
    {
        bool none = words.GetValue(TraceOptions.NoDurations);
        CaptureTime capture = Single(words, TraceOptions.Capture) switch
        {
            null or "auto" => none ? CaptureTime.Exit : CaptureTime.Auto,
            "entry" => CaptureTime.Entry,
            "exit" => CaptureTime.Exit,
            { } other => throw Unknown("--capture", other, "auto, entry, exit"),
        };
        string? asks = words.GetValue(TraceOptions.Duration) ? "-T"
            : ReadMinDuration(words) > 0 ? "--over"
            : capture == CaptureTime.Exit && ReadTime(words) != TimeStyle.None ? "a line's time, which is that of the call's begin,"
            : null;
        if (asks is not null && (none || capture == CaptureTime.Exit))
            throw new ToolException($"{(none ? "--no-durations" : "--capture exit")}: {asks} asks for what is then not known", "leave one of them out", ExitCode.Usage);
        return capture;
    }

    private static TimeStyle ReadTime(ParseResult words)
    {
        List<string> styles = [.. List(words, TraceOptions.Time)];
        if (words.GetValue(TraceOptions.Relative))
            styles.Add("relative");
        if (styles.Distinct().Count() > 1)
            throw new ToolException("a line has one time", "give one of -t, -tt, -ttt, -r", ExitCode.Usage);
        return styles.FirstOrDefault() switch
        {
            null => TimeStyle.None,
            "time" => TimeStyle.Seconds,
            "us" => TimeStyle.Microseconds,
            "unix" => TimeStyle.Unix,
            "relative" => TimeStyle.Relative,
            { } other => throw Unknown("--time", other, "time, us, unix, relative"),
        };
    }

    private static AttachMode ReadAttach(ParseResult words) => Single(words, TraceOptions.Attach) switch
    {
        null or "auto" => AttachMode.Auto,
        "tracepoint" => AttachMode.Tracepoint,
        "function" => AttachMode.Function,
        { } other => throw Unknown("--attach", other, "auto, tracepoint, function"),
    };

    /// <summary>What the kernel side does for <see cref="StackTraces"/>.</summary>
    internal static SplitArguments StacksOfCallers { get; } = new() { CallGraph = CallGraph.Dwarf };

    private static PidParts ReadPids(ParseResult words) => (PidParts)NamedSet.Read("--decode-pids", List(words, TraceOptions.DecodePids), NamedSet.Pids)
        | (words.GetValue(TraceOptions.PidNames) ? PidParts.Comm : PidParts.None);

    internal static bool? ReadColor(ParseResult words) => Single(words, TraceOptions.Color) switch
    {
        // NO_COLOR: https://no-color.org
        null or "auto" => Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 } ? false : null,
        "always" => true,
        "never" => false,
        { } other => throw Unknown("--color", other, "auto, always, never"),
    };

    private static ToolException Unknown(string option, string value, string known) =>
        new($"{option}: '{Printable.Escape(value)}' is not one of {known}", null, ExitCode.Usage);

    internal static IReadOnlyList<string> List(ParseResult words, Option<string[]> option) => words.GetValue(option) ?? [];

    private static string[] AsList(string? name) => name is null ? [] : [name];

    internal static string? Single(ParseResult words, Option<string[]> option) => List(words, option) switch
    {
        [] => null,
        [string value] => value,
        _ => throw new ToolException($"{option.Name} is given more than once", null, ExitCode.Usage),
    };

    private static long BufferSize(string text)
    {
        long size = Quantity.Size("--buffer", text);
        return size <= Session.LargestBuffer ? size
            : throw new ToolException($"--buffer: '{Printable.Escape(text)}' is too large for the ring of a CPU", $"write at most {Session.LargestBuffer >> 20}M", ExitCode.Usage);
    }
}
