using System.CommandLine;
using Scry.Cli.CommandLine;

namespace Scry.Cli.Strace;

/// <summary>The options of strace 6.1, and some that later ones have.</summary>
internal static class StraceOptions
{
    private sealed record Row(OptionName Name, string ValueName, string Help);

    private static readonly List<(string Title, List<Row> Rows)> s_groups = [];

    // What is traced
    public static readonly OptionName Attach = Group("What is traced", 'p', "attach", "PID,…", "These threads; with -f these processes; a command may stand behind them");
    public static readonly OptionName Follow = Add('f', "", "", "Children and new threads too; -ff: each in a file of its own, FILE.TID");
    public static readonly OptionName FollowForks = Add('\0', "follow-forks", "", "As -f");
    public static readonly OptionName Separately = Add('\0', "output-separately", "", "With --follow-forks: as -ff");
    public static readonly OptionName FollowOld = Add('F', "", "", "As -f; strace's old name for it");
    public static readonly OptionName Env = Add('E', "env", "VAR[=VALUE]", "The command has this variable; without a value: it does not have it");
    public static readonly OptionName User = Add('u', "user", "NAME", "The command runs as this user");
    public static readonly OptionName Argv0 = Add('\0', "argv0", "NAME", "The command's argv[0]");
    public static readonly OptionName Daemonize = Add('D', "", "", "Refused: the command is Scry's child");
    public static readonly OptionName DaemonizeLong = Optional("daemonize", "grandchild|pgroup|session", "Refused, as -D", "daemonized", "daemonised");
    public static readonly OptionName DetachOn = Add('b', "detach-on", "execve", "Refused: Scry cannot let go of a process at its execve");
    public static readonly OptionName Interruptible = Add('I', "interruptible", "1…4", "Nothing changes: what is traced does not wait for Scry");
    public static readonly OptionName Seccomp = Add('\0', "seccomp-bpf", "", "Nothing changes: Scry looks at the chosen calls alone anyway");
    public static readonly OptionName Limit = Add('\0', "syscall-limit", "N", "Stop after N calls");

    // Which calls
    public static readonly OptionName Expression = Group("Which calls, and how deep", 'e', "", "EXPR", "trace=SET, status=, signal=, quiet=, raw=, abbrev=, verbose=, read=, write=, decode-fds=, decode-pids=; SET is trace=SET");
    public static readonly OptionName Trace = Add('\0', "trace", "SET", "Calls: openat,read  !futex  %file  /^sched_  ?name@32  all  none");
    public static readonly OptionName Status = Add('\0', "status", "SET", "By how they ended: successful, failed, unfinished, unavailable, detached");
    public static readonly OptionName Successful = Add('z', "successful-only", "", "Calls that succeeded");
    public static readonly OptionName Failed = Add('Z', "failed-only", "", "Calls that failed", "failing-only");
    public static readonly OptionName Path = Add('P', "trace-path", "PATH", "Calls that name PATH, or use a descriptor of it");
    public static readonly OptionName Signals = Add('\0', "signals", "SET", "Lines for these signals: SIGCHLD,int,!SIGALRM", "signal");
    public static readonly OptionName Raw = Add('\0', "raw", "SET", "Arguments of these calls as hexadecimal numbers");
    public static readonly OptionName Abbrev = Add('\0', "abbrev", "SET", "Structures of these calls cut to what matters most (all)");
    public static readonly OptionName NoAbbrev = Add('v', "no-abbrev", "", "As --abbrev=none");
    public static readonly OptionName Verbose = Add('\0', "verbose", "SET", "Structures of these calls, not their addresses (all)");
    public static readonly OptionName Read = Add('\0', "read", "FDS", "Dump what is read from these descriptors", "reads");
    public static readonly OptionName Write = Add('\0', "write", "FDS", "Dump what is written to these descriptors", "writes");
    public static readonly OptionName Inject = Add('\0', "inject", "…", "Refused: it needs a process that stops at each call");
    public static readonly OptionName Fault = Add('\0', "fault", "…", "Refused, as --inject");
    public static readonly OptionName Kvm = Add('\0', "kvm", "vcpu", "Refused: exits of virtual machines are no calls");

    // Lines
    public static readonly OptionName Align = Group("Lines", 'a', "columns", "N", "Column of the results (40)");
    public static readonly OptionName StringLimit = Add('s', "string-limit", "N", "Show at most N bytes of a string or buffer (32)");
    public static readonly OptionName Hex = Add('x', "", "", "Strings that are not ASCII in hexadecimal; -xx: all");
    public static readonly OptionName HexLong = Optional("strings-in-hex", "none|non-ascii-chars|non-ascii|all", "As -xx; non-ascii: as -x");
    public static readonly OptionName Style = Add('X', "const-print-style", "raw|abbrev|verbose", "Numbers of constants, their names, or both");
    public static readonly OptionName ArgNames = Add('N', "arg-names", "", "Names of arguments");
    public static readonly OptionName Decode = Add('y', "", "", "Descriptors with their paths; -yy: and what sockets and devices are");
    public static readonly OptionName DecodeFds = Optional("decode-fds", "SET", "path, socket, dev, pidfd; all, none", "decode-fd");
    public static readonly OptionName DecodePids = Add('\0', "decode-pids", "SET", "comm: names of threads; pidns: their numbers here", "decode-pid");
    public static readonly OptionName Comm = Add('Y', "", "", "As --decode-pids=comm");
    public static readonly OptionName PidNamespaces = Add('\0', "pidns-translation", "", "As --decode-pids=pidns");
    public static readonly OptionName Time = Add('t', "", "", "The time of day; -tt: with microseconds; -ttt: since the epoch");
    public static readonly OptionName TimeLong = Optional("absolute-timestamps", "[format:]none|time|unix,[precision:]s|ms|us|ns", "As -t", "timestamps");
    public static readonly OptionName Relative = Optional('r', "relative-timestamps", "s|ms|us|ns", "The time since the line before");
    public static readonly OptionName Times = Optional('T', "syscall-times", "s|ms|us|ns", "The time spent in each call");
    public static readonly OptionName Number = Add('n', "syscall-number", "", "The call's number");
    public static readonly OptionName Pointer = Add('i', "instruction-pointer", "", "Where in the program the call is");
    public static readonly OptionName Stacks = Optional('k', "stack-traces", "symbol", "The stack of each call");
    public static readonly OptionName SecurityContext = Optional("secontext", "full,mismatch", "Refused: contexts of SELinux are not shown");

    // Summary
    public static readonly OptionName SummaryOnly = Group("The summary", 'c', "summary-only", "", "Count time, calls and errors of each call, and print a table");
    public static readonly OptionName Summary = Add('C', "summary", "", "Lines, and the table behind them; times are wall time");
    public static readonly OptionName SortBy = Add('S', "summary-sort-by", "COLUMN", "Sort by time (default), min-time, max-time, avg-time, calls, errors, name, nothing");
    public static readonly OptionName Columns = Add('U', "summary-columns", "COLUMN,…", "Of time-percent, total-time, min-time, max-time, avg-time, calls, errors, name");
    public static readonly OptionName WallClock = Add('w', "summary-wall-clock", "", "Times are wall time, not time on a CPU");
    public static readonly OptionName Overhead = Add('O', "summary-syscall-overhead", "TIME", "Nothing changes: Scry's time is not in a call's");

    // Output
    public static readonly OptionName Output = Group("Output", 'o', "output", "FILE", "Write to FILE; '|COMMAND': to a command's input");
    public static readonly OptionName Append = Add('A', "output-append-mode", "", "Behind what FILE has");
    public static readonly OptionName Quiet = Add('q', "", "", "No messages about attaching and modes; -qq: no ends of processes; -qqq: nothing but calls");
    public static readonly OptionName QuietLong = Optional("quiet", "SET", "attach, personality, exit, path-resolution, thread-execve; all, none", "silent", "silence");
    public static readonly OptionName Debug = Add('d', "debug", "", "Nothing changes: 'scry doctor' says what Scry finds");
    public static readonly OptionName Tips = Optional("tips", "…", "Nothing changes: 'scry --help' has what there is to know");
    public static readonly OptionName Help = Add('h', "help", "", "This text");
    public static readonly OptionName Version = Add('V', "version", "", "Which strace this is like, and Scry's version");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<OptionName> All { get; } = [.. s_groups.SelectMany(group => group.Rows).Select(row => row.Name)];

    /// <summary>The groups of the help.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
        [.. s_groups.Select(group => new HelpGroup(group.Title, [.. group.Rows.Where(row => row.Name != Help).Select(Shown)]))];

    private static OptionName Group(string title, char letter, string name, string valueName, string help)
    {
        s_groups.Add((title, []));
        return Add(letter, name, valueName, help);
    }

    private static OptionName Add(char letter, string name, string valueName, string help, params string[] others) =>
        Add(new OptionName(letter, name.Length == 0 ? [] : [name, .. others], valueName.Length > 0 ? OptionValue.Required : OptionValue.None), valueName, help);

    private static OptionName Optional(char letter, string name, string valueName, string help, params string[] others) =>
        Add(new OptionName(letter, [name, .. others], OptionValue.Optional), valueName, help);

    private static OptionName Optional(string name, string valueName, string help, params string[] others) => Optional('\0', name, valueName, help, others);

    private static OptionName Add(OptionName option, string valueName, string help)
    {
        s_groups[^1].Rows.Add(new Row(option, valueName, help));
        return option;
    }

    // As the help of all commands has an option.
    private static Option Shown(Row row)
    {
        OptionName name = row.Name;
        string own = name.Names.Length > 0 ? "--" + name.Names[0] : "-" + name.Letter;
        string[] aliases = name.Letter != '\0' && name.Names.Length > 0 ? ["-" + name.Letter] : [];
        return name.Value == OptionValue.None
            ? TraceOptions.Flag(own, row.Help, aliases)
            : new Option<string[]>(own, aliases)
            {
                Description = row.Help,
                HelpName = row.ValueName,
                Arity = name.Value == OptionValue.Required ? ArgumentArity.OneOrMore : ArgumentArity.ZeroOrMore,
            };
    }
}
