using System.Globalization;
using System.Text.RegularExpressions;
using System.Text;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Launch;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Views;
using Scry.Wire;
using O = Scry.Cli.Strace.StraceOptions;

namespace Scry.Cli.Strace;

/// <summary>Makes sense of strace's options: which exclude each other, which come last and win, what <c>-e</c> says.</summary>
internal sealed partial class StraceReader
{
    private const int DefaultStringLimit = 32, DefaultAlign = 40;
    private const int LargestStringLimit = int.MaxValue / 4;
    // Of -e quiet.
    private const int QuietAttach = 1, QuietPersonality = 2, QuietExit = 4, QuietPaths = 8, QuietThreadExecve = 16;
    private const int QuietAll = QuietAttach | QuietPersonality | QuietExit | QuietPaths | QuietThreadExecve;

    private static readonly (string, int)[] s_quiet =
    [
        ("attach", QuietAttach), ("personality", QuietPersonality), ("exit", QuietExit), ("exits", QuietExit), ("path-resolution", QuietPaths),
        ("thread-execve", QuietThreadExecve), ("superseded", QuietThreadExecve),
    ];
    private static readonly (string, int)[] s_statuses =
    [
        ("successful", (int)CallStatuses.Successful), ("failed", (int)CallStatuses.Failed), ("unfinished", (int)CallStatuses.Unfinished),
        ("unavailable", (int)CallStatuses.Unavailable), ("detached", (int)CallStatuses.Detached),
    ];
    private static readonly (string Name, int Decimals)[] s_precisions =
        [("s", 0), ("ms", 3), ("us", 6), ("ns", 9)];
    private static readonly string[] s_longPrecisions = ["second", "millisecond", "microsecond", "nanosecond"];

    private readonly IReadOnlyList<GivenOption> _given;
    private readonly IReadOnlyList<string> _command;
    private readonly List<string> _remarks = [];

    // Of sets that -e gives too: the last wins.
    private readonly Dictionary<OptionName, (string Option, string Set)> _sets = [];

    private StraceReader(IReadOnlyList<GivenOption> given, IReadOnlyList<string> command) => (_given, _command) = (given, command);

    /// <summary>Reads options and what stands behind them.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    /// <exception cref="SelectionException">They select calls that there are not.</exception>
    public static StraceArguments Read(IReadOnlyList<GivenOption> given, IReadOnlyList<string> command) => new StraceReader(given, command).Read();

    private StraceArguments Read()
    {
        foreach (GivenOption option in _given)
            ReadSet(option);
        SummaryChoice summary = (Has(O.SummaryOnly), Has(O.Summary)) switch
        {
            (true, true) => throw Usage("-c and -C exclude each other", "give one of them"),
            (true, false) => SummaryChoice.Alone,
            (false, true) => SummaryChoice.BehindLines,
            _ => SummaryChoice.None,
        };
        (bool follow, bool separately) = ReadFollow();
        if (separately && summary != SummaryChoice.None)
            throw Usage("-c and -C exclude -ff", "give one of them");
        if (summary == SummaryChoice.None && (Has(O.WallClock) || Has(O.Columns)))
            throw Usage($"{(Has(O.WallClock) ? "-w" : "-U")} needs -c or -C", "give one of them too");
        if (summary == SummaryChoice.None && Has(O.SortBy))
            _remarks.Add("-S has no effect without -c or -C");
        RequireSense();
        string? file = Last(O.Output);
        if (file is null && Has(O.Append))
            _remarks.Add("-A has no effect without -o");
        if (file is null && separately)
            separately = false;
        if (separately && file is ['|' or '!', ..])
            throw Usage("a command's input cannot be a file for each thread", "leave out -ff, or give -o a file");
        int quiet = ReadQuiet(file);
        (TraceArguments trace, int targets) = ReadTrace(follow, file, quiet);
        return new StraceArguments
        {
            Trace = trace,
            Lines = ReadLines(quiet, file is null ? ThreadColumn.WhenSeveral : !separately && (follow || targets > 1) ? ThreadColumn.Plain : ThreadColumn.None),
            Summary = summary,
            WallClock = Has(O.WallClock),
            Columns = Last(O.Columns) is { } names ? ReadColumns(names) : StraceSummary.DefaultColumns,
            Sort = Last(O.SortBy) is { } sort ? Column("-S", sort) : StraceColumn.TimePercent,
            Separately = separately,
            Append = Has(O.Append),
            Remarks = _remarks,
        };
    }

    // What stands in a set may come by its own name or in -e.
    private void ReadSet(GivenOption option)
    {
        if (option.Option == O.NoAbbrev)
        {
            _sets[O.Abbrev] = ("-v", "none");
            return;
        }
        OptionName name = option.Option;
        string set = option.Value ?? "", typed = option.Typed;
        if (name == O.Expression)
        {
            int equals = set.IndexOf('=');
            name = equals < 0 ? O.Trace : Qualifier(set[..equals]) ?? O.Trace;
            typed = $"-e {Printable.Escape(set)}";
            // What is no qualifier is a set of calls with a '=' in it: a pattern.
            if (equals >= 0 && Qualifier(set[..equals]) is not null)
                set = set[(equals + 1)..];
        }
        else if (name.Value == OptionValue.Optional && option.Value is null)
        {
            set = name == O.QuietLong ? "attach,personality" : "path";
        }
        if (name == O.Inject || name == O.Fault)
            throw Usage($"{typed}: calls cannot be tampered with", "that needs a process that stops at each call, which Scry never does: use strace for it");
        if (name == O.Kvm)
            throw Usage($"{typed}: exits of virtual CPUs are no system calls", "perf kvm counts them");
        if (name == O.Daemonize || name == O.DaemonizeLong)
            throw Usage($"{typed}: the command is Scry's child", "put Scry in the background, and give it the process: scry strace -p PID &");
        if (name == O.DetachOn)
            throw Usage($"{typed}: Scry cannot let go of a process at its execve", "what it does after it can be left out by -e");
        if (name == O.SecurityContext)
            throw Usage($"{typed}: contexts of SELinux are not shown", "leave it out");
        _sets[name] = (typed, set);
    }

    private static OptionName? Qualifier(string name) => name switch
    {
        "trace" or "t" => O.Trace,
        "abbrev" or "a" => O.Abbrev,
        "verbose" or "v" => O.Verbose,
        "raw" or "x" => O.Raw,
        "signal" or "signals" or "s" => O.Signals,
        "status" => O.Status,
        "quiet" or "silent" or "silence" or "q" => O.QuietLong,
        "read" or "reads" or "r" => O.Read,
        "write" or "writes" or "w" => O.Write,
        "fault" => O.Fault,
        "inject" => O.Inject,
        "kvm" => O.Kvm,
        "decode-fd" or "decode-fds" => O.DecodeFds,
        "decode-pid" or "decode-pids" => O.DecodePids,
        "secontext" => O.SecurityContext,
        _ => null,
    };

    // Of options that change nothing, but that have a meaning.
    private void RequireSense()
    {
        if (Last(O.Interruptible) is { } when && when is not ("1" or "2" or "3" or "4" or "anywhere" or "waiting" or "never" or "never_tstp"))
            throw Unknown("-I", when, "1, 2, 3, 4");
        if (Last(O.Overhead) is { } time && !Time().IsMatch(time))
            throw Usage($"-O: '{Printable.Escape(time)}' is not a time", "write 5us, 1.5ms, 10%");
    }

    [GeneratedRegex(@"^\d*\.?\d+([eE][-+]?\d+)?(%|s|ms|us|ns)?$")]
    private static partial Regex Time();

    private (bool Follow, bool Separately) ReadFollow()
    {
        int letters = Count(O.Follow);
        bool follow = Has(O.FollowForks), separately = Has(O.Separately);
        if (letters > 0 && follow)
            throw Usage("-f and --follow-forks say the same thing", "give one of them");
        if (letters > 1 && separately)
            throw Usage("-ff and --output-separately say the same thing", "give one of them");
        if (letters > 0)
            (follow, separately) = (true, letters > 1 || separately);
        else if (Has(O.FollowOld))
            follow = true;
        return (follow, separately);
    }

    private int ReadQuiet(string? file)
    {
        int letters = Count(O.Quiet);
        bool set = _sets.TryGetValue(O.QuietLong, out (string Option, string Set) quiet);
        if (letters > 0 && set)
            throw Usage("-q and --quiet say the same thing", "give one of them");
        if (set)
            return StraceSet.Bits(quiet.Option, quiet.Set, s_quiet);
        // A command's lines in a file are a record of it alone.
        if (letters == 0 && file is not null && _command.Count > 0)
            letters = 1;
        return letters switch { 0 => 0, 1 => QuietAttach | QuietPersonality, 2 => QuietAttach | QuietPersonality | QuietExit, _ => QuietAll };
    }

    private (TraceArguments Trace, int Targets) ReadTrace(bool follow, string? file, int quiet)
    {
        // strace's list may have blanks too.
        string[] pids = [.. All(O.Attach).SelectMany(list => list.Split([' ', ',', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries)).Distinct()];
        if (pids.Length == 0 && _command.Count == 0)
            throw Usage("no target is named", "give -p PID, or a command; 'scry strace --help' lists the options");
        if (pids.Length == 0 && All(O.Attach).Any())
            throw Usage("-p names no process", "give its number");
        int limit = Last(O.StringLimit) is { } s ? (int)Quantity.Count("-s", s, 0, LargestStringLimit) : DefaultStringLimit;
        CallStatuses statuses = ReadStatuses();
        return (new TraceArguments
        {
            Target = _command.Count > 0 ? TargetChoice.Command : follow ? TargetChoice.Processes : TargetChoice.Threads,
            Names = _command.Count > 0 ? _command : pids,
            Attached = _command.Count > 0 ? pids : [],
            Follow = follow,
            Expressions = _sets.TryGetValue(O.Trace, out (string Option, string Set) calls) ? [StraceSet.Expression(calls.Option, calls.Set)] : [],
            FailedOnly = statuses == CallStatuses.Failed,
            Errnos = [],
            Signals = true,
            MaxEvents = Last(O.Limit) is { } most ? Quantity.Count("--syscall-limit", most, 1, long.MaxValue) : long.MaxValue,
            Durations = Has(O.Times),
            Time = ReadTime().Style,
            StringLimit = limit,
            PayloadLimit = _sets.ContainsKey(O.Read) || _sets.ContainsKey(O.Write) ? int.MaxValue : null,
            Align = Last(O.Align) is { } column ? (int)Quantity.Count("-a", column, 0, 1000) : DefaultAlign,
            Color = false,
            OutputFile = file,
            Quiet = true,
            Descriptors = ReadDescriptors(),
            Pids = ReadPids(),
            Paths = ReadPaths(quiet),
            InstructionPointer = Has(O.Pointer),
            StackTraces = Has(O.Stacks),
            Why = Has(O.Stacks) ? TraceArguments.StacksOfCallers : SplitArguments.None,
            Decoding = ReadDecoding(),
            Command = new CommandSettings
            {
                Environment = [.. All(O.Env)],
                User = Last(O.User) is { } user ? Users.FindAccount(user) : null,
                Argv0 = Last(O.Argv0),
            },
        }, pids.Length + (_command.Count > 0 ? 1 : 0));
    }

    private List<string> ReadPaths(int quiet)
    {
        List<string> paths = [.. All(O.Path)];
        foreach (string path in paths)
        {
            if ((quiet & QuietPaths) == 0 && RealPath.Of(path) is { } real && real != path)
                _remarks.Add($"Requested path {Quoted(path)} resolved into {Quoted(real)}");
        }
        return paths;
    }

    private static string Quoted(string path)
    {
        var to = new Utf8Buffer(path.Length + 2);
        Quote.Text(to, ByteText.Bytes(path));
        return Encoding.ASCII.GetString(to.Written);
    }

    private DecoderOptions ReadDecoding() => new()
    {
        Style = Last(O.Style) switch
        {
            null or "abbrev" => ConstantStyle.Names,
            "raw" => ConstantStyle.Numbers,
            "verbose" => ConstantStyle.Both,
            { } other => throw Unknown("-X", other, "raw, abbrev, verbose"),
        },
        Hex = ReadHex(),
        ArgumentNames = Has(O.ArgNames),
        Raw = Calls(O.Raw),
        Abbreviated = Calls(O.Abbrev),
        Verbose = Calls(O.Verbose),
    };

    private PidParts ReadPids()
    {
        PidParts parts = Has(O.Comm) ? PidParts.Comm : PidParts.None;
        if (Has(O.PidNamespaces))
            parts |= PidParts.Namespace;
        return _sets.TryGetValue(O.DecodePids, out (string Option, string Set) set) ? parts | (PidParts)StraceSet.Bits(set.Option, set.Set, NamedSet.Pids) : parts;
    }

    private DescriptorParts ReadDescriptors()
    {
        int letters = Count(O.Decode);
        if (letters > 0 && _given.Any(one => one.Option == O.DecodeFds))
            throw Usage("-y and --decode-fds say the same thing", "give one of them");
        return letters > 0 ? letters > 1 ? DescriptorParts.All : DescriptorParts.Path
            : _sets.TryGetValue(O.DecodeFds, out (string Option, string Set) set) ? (DescriptorParts)StraceSet.Bits(set.Option, set.Set, NamedSet.Descriptors)
            : DescriptorParts.None;
    }

    private HexStrings ReadHex()
    {
        int letters = Count(O.Hex);
        if (letters > 0 && Has(O.HexLong))
            throw Usage("-x and --strings-in-hex say the same thing", "give one of them");
        if (!Has(O.HexLong))
            return letters switch { 0 => HexStrings.None, 1 => HexStrings.NotAscii, _ => HexStrings.All };
        return Last(O.HexLong) switch
        {
            null or "all" => HexStrings.All,
            "non-ascii" => HexStrings.NotAscii,
            "non-ascii-chars" => HexStrings.NotAsciiCharacters,
            "none" => HexStrings.None,
            { } other => throw Unknown("--strings-in-hex", other, "none, non-ascii-chars, non-ascii, all"),
        };
    }

    private SyscallSelector? Calls(OptionName name) =>
        _sets.TryGetValue(name, out (string Option, string Set) given) ? SyscallSelector.Parse([StraceSet.Expression(given.Option, given.Set)]) : null;

    private LineOptions ReadLines(int quiet, ThreadColumn threads)
    {
        (TimeStyle style, int decimals) = ReadTime();
        return new LineOptions
        {
            Time = style,
            Decimals = decimals,
            Relative = Has(O.Relative) ? Precision("-r", Last(O.Relative)) : null,
            Thread = threads,
            Duration = Has(O.Times),
            DurationDecimals = Has(O.Times) ? Precision("-T", Last(O.Times)) : 6,
            Number = Has(O.Number),
            InstructionPointer = Has(O.Pointer),
            ThreadNames = (ReadPids() & PidParts.Comm) != 0,
            Statuses = ReadStatuses(),
            Signals = _sets.TryGetValue(O.Signals, out (string Option, string Set) signals) ? StraceSet.Signals(signals.Option, signals.Set) : null,
            Dump = ReadDump(),
            TellsAttached = Last(O.Output) is null && (quiet & QuietAttach) == 0,
            NoEnds = (quiet & QuietExit) != 0,
            NoModes = (quiet & QuietPersonality) != 0,
        };
    }

    private DataDump? ReadDump()
    {
        Func<int, bool>? reads = _sets.TryGetValue(O.Read, out (string Option, string Set) read) ? StraceSet.Numbers(read.Option, read.Set) : null;
        Func<int, bool>? writes = _sets.TryGetValue(O.Write, out (string Option, string Set) write) ? StraceSet.Numbers(write.Option, write.Set) : null;
        return reads is null && writes is null ? null : new DataDump(reads, writes);
    }

    private CallStatuses ReadStatuses()
    {
        // The last of them wins.
        for (int i = _given.Count - 1; i >= 0; i--)
        {
            OptionName option = _given[i].Option;
            if (option == O.Failed)
                return CallStatuses.Failed;
            if (option == O.Successful)
                return CallStatuses.Successful;
            if (option == O.Status || option == O.Expression && _given[i].Value!.StartsWith("status=", StringComparison.Ordinal))
                return (CallStatuses)StraceSet.Bits(_sets[O.Status].Option, _sets[O.Status].Set, s_statuses);
        }
        return CallStatuses.All;
    }

    private (TimeStyle Style, int Decimals) ReadTime()
    {
        int letters = Count(O.Time);
        if (letters > 0 && Has(O.TimeLong))
            throw Usage("-t and --absolute-timestamps say the same thing", "give one of them");
        if (!Has(O.TimeLong))
            return letters switch { 0 => (TimeStyle.None, 0), 1 => (TimeStyle.Microseconds, 0), 2 => (TimeStyle.Microseconds, 6), _ => (TimeStyle.Unix, 6) };
        TimeStyle style = TimeStyle.Microseconds;
        int decimals = 0;
        foreach (string part in (Last(O.TimeLong) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string word = part.StartsWith("format:", StringComparison.Ordinal) ? part[7..] : part.StartsWith("precision:", StringComparison.Ordinal) ? part[10..] : part;
            if (!part.StartsWith("precision:", StringComparison.Ordinal) && word is "none" or "time" or "unix")
                style = word switch { "none" => TimeStyle.None, "time" => TimeStyle.Microseconds, _ => TimeStyle.Unix };
            else
                decimals = Precision("--absolute-timestamps", word);
        }
        return (style, decimals);
    }

    private static int Precision(string option, string? text)
    {
        if (text is null)
            return 6;
        foreach ((string name, int decimals) in s_precisions)
        {
            string full = s_longPrecisions[decimals / 3];
            if (text == name || text == full || text == full + "s")
                return decimals;
        }
        // strace takes the number of a unit too: 1us is 1000 of ns.
        return text switch { "1" or "1s" => 0, _ => throw Unknown(option, text, "s, ms, us, ns") };
    }

    private static List<StraceColumn> ReadColumns(string names)
    {
        List<StraceColumn> columns = [.. names.Split(',').Select(name => Column("-U", name))];
        if (columns.Distinct().Count() < columns.Count || columns.Contains(StraceColumn.Nothing))
            throw Usage($"-U: '{Printable.Escape(names)}' names a column twice, or one that is none", null);
        // A table without names would mean nothing: they come last when they are not asked for.
        if (!columns.Contains(StraceColumn.Name))
            columns.Add(StraceColumn.Name);
        return columns;
    }

    private static StraceColumn Column(string option, string name) =>
        StraceSummary.TryColumn(name, out StraceColumn column) ? column : throw Unknown(option, name, string.Join(", ", StraceSummary.ColumnNames));

    private bool Has(OptionName option) => _given.Any(one => one.Option == option);

    private int Count(OptionName option) => _given.Count(one => one.Option == option);

    private IEnumerable<string> All(OptionName option) => _given.Where(one => one.Option == option).Select(one => one.Value!);

    private string? Last(OptionName option) => _given.LastOrDefault(one => one.Option == option).Value;

    private static ToolException Usage(string message, string? hint) => new(message, hint, ExitCode.Usage);

    private static ToolException Unknown(string option, string value, string known) =>
        Usage($"{option}: '{Printable.Escape(value)}' is not one of {known}", null);
}
