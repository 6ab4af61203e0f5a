using System.CommandLine;

namespace Scry.Cli.CommandLine;

/// <summary>The options that say what to trace, which calls of it, and how they are shown.</summary>
internal static class TraceOptions
{
    public static readonly Option<string[]> Pid = Many("--pid", "PID,…", "These processes: their threads, and children from now on", "-p");
    public static readonly Option<string[]> Tid = Many("--tid", "TID,…", "These threads; -t TID,… too");
    public static readonly Option<bool> All = Flag("--all", "Every process of the machine", "-a");
    public static readonly Option<string[]> Comm = Many("--comm", "NAME", "Threads of this name, as 'ps -o comm' shows it");
    public static readonly Option<string[]> User = Many("--user", "USER", "Threads of this user (effective id), by name or number", "-u");
    public static readonly Option<string[]> Cgroup = Many("--cgroup", "PATH",
        "A cgroup with all below it: a directory, or a path below the hierarchy", "-G");
    public static readonly Option<string[]> Unit = Many("--unit", "UNIT", "A unit of systemd: nginx.service, or nginx for the same");
    public static readonly Option<string[]> Container = Many("--container", "NAME|ID",
        "A container of Docker, containerd, CRI-O or Podman");
    public static readonly Option<bool> NoFollow = Flag("--no-follow", "Not the children and new threads of -p, -t or COMMAND");
    public static readonly Option<bool> Follow = Flag("--follow", "Children and new threads too: the default, as strace -f", "-f");

    public static readonly Option<string[]> Expression = Many("--expr", "EXPR",
        "Calls: openat,read  !futex  %file  /^sched_  ?name (may be missing)", "-e");
    public static readonly Option<string[]> Over = Many("--over", "DURATION", "Calls that took at least this long: 200ms, 1.5s; a bare number is ms");
    public static readonly Option<string[]> DurationMs = Many("--duration", "MS", "The same in milliseconds, as perf trace has it");
    public static readonly Option<bool> Failed = Flag("--failed", "Calls that failed", "-Z");
    public static readonly Option<string[]> Errno = Many("--errno", "NAME,…", "Calls that failed with one of these: ENOENT,EACCES");
    public static readonly Option<bool> NoSignals = Flag("--no-signals", "No lines for signals");
    public static readonly Option<string[]> MaxEvents = Many("--max-events", "N", "Stop tracing after N calls");
    public static readonly Option<string[]> For = Many("--for", "DURATION", "Stop tracing after this time: 10s, 5m");

    public static readonly Option<string[]> DecodeFds = Optional("--decode-fds", "SET",
        "What descriptors stand for at the call: path (-y), all (-yy), socket,dev,pidfd,none", "-y");
    public static readonly Option<string[]> DecodePids = Many("--decode-pids", "SET", "What ids of threads are: comm, as -Y; pidns: their numbers here");
    public static readonly Option<bool> PidNames = Flag("--pid-names", "Ids of threads with their names, as --decode-pids comm", "-Y");
    public static readonly Option<string[]> TracePath = Many("--trace-path", "PATH", "Calls that are given this path, or a descriptor that stands for it", "-P");
    public static readonly Option<string[]> TraceFds = Many("--trace-fds", "N,…", "Calls that are given one of these descriptors");
    public static readonly Option<bool> InstructionPointer = Flag("--instruction-pointer", "Begin each call with the place in its caller's code", "-i");
    public static readonly Option<bool> StackTraces = Flag("--stack-traces", "After each call the stack that it came from", "-k");
    public static readonly Option<bool> SyscallNumber = Flag("--syscall-number", "Begin each call with its number", "-n");
    public static readonly Option<bool> Duration = Flag("--syscall-times", "End each line with the time spent in the call", "-T");
    public static readonly Option<string[]> Time = Many("--time", "STYLE", "Begin each line with a time: time (-t), us (-tt), unix (-ttt), relative (-r)");
    public static readonly Option<bool> Relative = Flag("--relative-timestamps", "As --time relative", "-r");
    public static readonly Option<string[]> Capture = Many("--capture", "WHEN", "Look at calls at 'entry' and exit, at their 'exit' alone, which is cheaper, or 'auto'");
    public static readonly Option<bool> NoDurations = Flag("--no-durations", "No durations, not in JSON either: calls are seen at their exit alone");
    public static readonly Option<string[]> StringLimit = Many("--string-limit", "N", "Show at most N bytes of a string or buffer (32); paths are whole", "-s");
    public static readonly Option<string[]> Align = Many("--align", "N", "Column of the results (40)");
    public static readonly Option<bool> NoAbbrev = Flag("--no-abbrev", "Structures and arrays in full", "-v");
    public static readonly Option<bool> ShowComm = Flag("--show-comm", "A column with the thread's name");
    public static readonly Option<bool> ShowCgroup = Flag("--show-cgroup", "A column with the thread's cgroup (v2)");
    public static readonly Option<string[]> Color = Many("--color", "WHEN", "auto (on a terminal), always, never");

    public static readonly Option<string[]> Output = Many("--output", "FILE", "Write to FILE", "-o");
    public static readonly Option<bool> Json = Flag("--json", "JSON Lines, one object for each record: docs/JSON.md");
    public static readonly Option<bool> Quiet = Flag("--quiet", "No line about the run at its end, unless records were lost", "-q");
    public static readonly Option<bool> Strict = Flag("--strict", "Exit status 3 when records were lost");
    public static readonly Option<string[]> Attach = Many("--attach", "WHERE",
        "auto; tracepoint: of all calls; function: of the chosen ones alone, no other call pays");
    public static readonly Option<string[]> Buffer = Many("--buffer", "SIZE", "Size of each CPU's ring: 4M, 64M; at most 256M");

    public static readonly Argument<string[]> Command = new("COMMAND") { Arity = ArgumentArity.ZeroOrMore };

    /// <summary>The groups of the help; together all the options.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        new("TARGET, one of them, or a command", [Pid, Tid, All, Comm, User, Cgroup, Unit, Container, NoFollow, Follow]),
        new("SELECT, decided in the kernel", [Expression, Over, DurationMs, Failed, Errno, NoSignals, MaxEvents, For, Attach, Capture, NoDurations]),
        new("SELECT, decided outside the kernel", [TracePath, TraceFds]),
        new("LINES", [DecodeFds, DecodePids, PidNames, Duration, Time, Relative, InstructionPointer, SyscallNumber, StackTraces, StringLimit, Align, NoAbbrev, ShowComm, ShowCgroup, Color]),
        new("OUTPUT", [Output, Json, Quiet, Strict, Buffer]),
    ];

    /// <summary>Whether a command has -t for times.</summary>
    public static bool HasTimes(Command command) => command.Options.Contains(Time);

    /// <summary>Whether a command has -t for threads.</summary>
    public static bool HasThreads(Command command) => command.Options.Contains(Tid);

    internal static Option<bool> Flag(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>An option whose value stands behind a <c>=</c> or is left out: it is then <see cref="DescriptorsAsPaths"/>.</summary>
    internal static Option<string[]> Optional(string name, string value, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = value, Arity = ArgumentArity.ZeroOrMore };

    /// <summary>What -y says, as strace's.</summary>
    internal const string DescriptorsAsPaths = "path";

    /// <summary>All options with values may be repeated as far as the parser goes: what a repetition means is said in words.</summary>
    internal static Option<string[]> Many(string name, string value, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = value, Arity = ArgumentArity.OneOrMore };
}
