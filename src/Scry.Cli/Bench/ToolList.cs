using System.Runtime.InteropServices;
using Scry.Cli.CommandLine;

namespace Scry.Cli.Bench;

/// <summary>All that can be measured, in the order of a table.</summary>
internal static class ToolList
{
    private const int TracedSeconds = 3600;

    private static readonly string[] s_sysdigDrivers = ["/sys/module/scap", "/sys/module/sysdig_probe"];

    /// <summary>The path of this binary.</summary>
    public static string Self { get; } = Environment.ProcessPath ?? Environment.GetCommandLineArgs()[0];

    /// <summary>Every tool.</summary>
    public static IReadOnlyList<Tool> All { get; } =
    [
        new UntracedTool(),
        new FloorTool(),
        TraceWith("scry-trace"),
        TraceWith("scry-trace-exit", "--no-durations"),
        new LoopTool("scry-loop", "scry loop -G"),
        new LoopTool("scry-loop-exit", "scry loop -G --no-durations", "--no-durations"),
        Strace("strace", "strace -f", Place.Anywhere),
        Strace("strace-pinned", "strace -f on the traced CPU", Place.TracedCpu),
        Perf("perf-trace", "perf trace", ToolKind.Records, Sign.MarkerInOutput, ["trace"], written => written.Call is { } call ? ToolOutput.CallLines(written.Path, call) : null),
        new FtraceTool(),
        Traceloop("traceloop", "traceloop", "traceloop", "TRACELOOP"),
        Traceloop("traceloop-quiet", "traceloop, wake-ups off", "", "TRACELOOP_QUIET"),
        Sysdig(),
        SeccompStrace(),
        Scry("scry-trace-pass", "scry trace -G -e execve", ToolKind.Passes, (context, file) => ["trace", "-G", context.Cgroup, "-e", $"execve,{context.MarkerCall}", "-o", file]),
        ScryStat("scry-stat"),
        ScryStat("scry-count", "--count-only"),
        Perf("perf-trace-s", "perf trace -s", ToolKind.Counts, Sign.WorksOnMarkers, ["trace", "-s"], Table),
        StraceCount(),
        Bpftrace(),
        Syscount(),
    ];

    /// <summary>The tools of a list of names; <c>all</c> is every one. The untraced run is always among them.</summary>
    /// <exception cref="ToolException">There is no such tool.</exception>
    public static IReadOnlyList<Tool> Parse(IEnumerable<string> names)
    {
        string[] asked = [.. names];
        foreach (string name in asked)
        {
            if (name != "all" && All.All(tool => tool.Name != name))
                throw new ToolException($"--tools: there is no tool '{Printable.Escape(name)}'", $"there are {string.Join(", ", All.Select(tool => tool.Name))}, all", ExitCode.Usage);
        }
        return [.. All.Where(tool => tool.Name == Tool.Untraced || asked.Contains("all") || asked.Contains(tool.Name))];
    }

    /// <summary>scry trace with more options.</summary>
    public static Tool TraceWith(string name, params string[] options) =>
        Scry(name, string.Join(' ', ["scry trace -G", .. options]), ToolKind.Records, (context, file) => ["trace", "-G", context.Cgroup, .. options, "-o", file]);

    private static ProcessTool Scry(string name, string title, ToolKind kind, Func<ToolContext, string, IReadOnlyList<string>> words) =>
        new(name, title, kind, new ToolWords(words, Sign.MarkerInOutput)
        {
            Program = Self,
            Delivered = kind == ToolKind.Passes ? static _ => null : static written => ToolOutput.CallLines(written.Path, written.Call!),
            Reported = static written => ToolOutput.ScryLost(written.Error),
        });

    private static ProcessTool ScryStat(string name, params string[] options) =>
        new(name, string.Join(' ', ["scry stat -G", .. options]), ToolKind.Counts, new ToolWords((context, _) => ["stat", "-G", context.Cgroup, .. options], Sign.ProgramsRun)
        {
            Program = Self,
            ToOutput = true,
            Delivered = Table,
            Reported = static written => ToolOutput.ScryLost(written.Error),
        });

    private static ProcessTool Strace(string name, string title, Place place) =>
        new(name, title, ToolKind.Records, new ToolWords((context, file) => ["-f", "-o", file, .. Each("-p", context)], Sign.MarkerInOutput)
        {
            Program = "strace",
            EndsWithTarget = true,
            Hint = "it is in the package strace",
            Place = place,
            Delivered = static written => ToolOutput.CallLines(written.Path, written.Call!),
            Reported = static _ => 0,
        });

    /// <summary>
    /// strace with a seccomp filter, which lets a call pass that is not asked for: the program is not stopped for it. strace must start
    /// the program itself.
    /// </summary>
    private static ProcessTool SeccompStrace() =>
        new("strace-seccomp", "strace -f --seccomp-bpf -e execve", ToolKind.Passes, new ToolWords(null, Sign.IsTracer)
        {
            Program = "strace",
            EndsWithTarget = true,
            Hint = "it is in the package strace",
            LaunchWords = static file => ["-f", "--seccomp-bpf", "-e", "trace=execve", "-o", file],
            Reported = static _ => 0,
        });

    private static ProcessTool StraceCount() =>
        new("strace-c", "strace -c -f on the traced CPU", ToolKind.Counts, new ToolWords((context, file) => ["-c", "-f", "-o", file, .. Each("-p", context)], Sign.IsTracer)
        {
            Program = "strace",
            EndsWithTarget = true,
            Hint = "it is in the package strace",
            Place = Place.TracedCpu,
            Delivered = static written => ToolOutput.StraceCount(written.Text, written.Call!),
            Reported = static _ => 0,
        });

    // With -p, it follows no children: where it can, it starts the workload.
    private static ProcessTool Perf(string name, string title, ToolKind kind, Sign sign, string[] words, Func<Written, long?> delivered) =>
        new(name, title, kind, new ToolWords((context, file) => [.. words, "-o", file, "-p", string.Join(',', context.Pids)], sign)
        {
            LaunchWords = file => [.. words, "-o", file],
            Program = "perf",
            EndsWithTarget = true,
            Hint = "it is in the package linux-perf",
            Delivered = delivered,
            Reported = static written => ToolOutput.PerfLost(written.Text + written.Error),
        })
        {
            NoChildren = true,
        };

    private static ProcessTool Traceloop(string name, string title, string program, string variable) =>
        new(name, title, ToolKind.Records, new ToolWords(static (context, _) => ["cgroups", "--dump-on-exit", context.Cgroup], Sign.SaysSo)
        {
            Program = program,
            Variable = variable,
            Hint = $"{variable}=PATH names it: docs/BENCH.md",
            ToOutput = true,
            SaysVersion = false,
            ReadyText = "Added cgroup",
            Leaves = "/sys/fs/bpf/straceback",
            EndSignal = 15,
        });

    private static ProcessTool Sysdig() =>
        new("sysdig", "sysdig", ToolKind.Records, new ToolWords((context, _) =>
            ["-p", "%evt.type(%evt.args)", $"({string.Join(" or ", context.Pids.Select(pid => $"proc.pid={pid} or proc.apid={pid}"))}) and evt.dir=<"],
            Sign.MarkerInOutput)
        {
            Program = "sysdig",
            Variable = "SYSDIG",
            Hint = "it is in the package sysdig",
            ToOutput = true,
            Delivered = static written => ToolOutput.CallLines(written.Path, written.Call!),
        })
        {
            Needs = static () => s_sysdigDrivers.Any(Directory.Exists) || Environment.GetEnvironmentVariable("SYSDIG_BPF_PROBE") is not null
                ? null
                : "sysdig's kernel module is not loaded, and SYSDIG_BPF_PROBE names no probe",
        };

    private static ProcessTool Bpftrace() =>
        new("bpftrace", "bpftrace, count() by number", ToolKind.Counts, new ToolWords(static (context, file) =>
            ["-o", file, "-e", $"tracepoint:raw_syscalls:sys_enter /cgroup == cgroupid(\"{context.Cgroup}\")/ {{ @[args->id] = count(); }}"],
            Sign.ProgramsRun)
        {
            Program = "bpftrace",
            Hint = "it is in the package bpftrace",
            Delivered = static written => ToolOutput.BpftraceCount(written.Text, Number(written.Call!)),
        });

    private static ProcessTool Syscount() =>
        new("syscount", "bcc's syscount", ToolKind.Counts, new ToolWords(static (context, _) =>
            ["-p", $"{context.Pids[0]}", "-d", $"{TracedSeconds}"], Sign.ProgramsRun)
        {
            Program = "syscount-bpfcc",
            SaysVersion = false,
            Variable = "SYSCOUNT",
            Hint = "it is in the package bpfcc-tools",
            ToOutput = true,
            Delivered = Table,
        })
        {
            OneProcess = true,
        };

    private static long? Table(Written written) => ToolOutput.TableCount(written.Text, written.Call!);

    // <asm/unistd.h>
    private static int Number(string call) => (call, RuntimeInformation.ProcessArchitecture) switch
    {
        ("openat", Architecture.Arm64) => 56,
        ("write", Architecture.Arm64) => 64,
        (_, Architecture.Arm64) => 173,
        ("openat", _) => 257,
        ("write", _) => 1,
        _ => 110,
    };

    private static IEnumerable<string> Each(string option, ToolContext context) => context.Pids.SelectMany(pid => new[] { option, $"{pid}" });
}
