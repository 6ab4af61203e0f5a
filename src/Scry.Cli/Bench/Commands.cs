using System.Formats.Tar;
using System.Globalization;
using System.Text;

namespace Scry.Cli.Bench;

/// <summary>One system call in a loop, made by this binary itself; see native/bench_modes.c.</summary>
internal sealed class CallWorkload(string call, string title) : CommandWorkload(call, title, Metric.Call)
{
    private const int LoaderCalls = 32;

    /// <summary>The length of openat's path, and the bytes that write writes.</summary>
    public int Size { get; init; } = 27;

    /// <summary>Calls a second; 0: as many as there can be.</summary>
    public long Rate { get; init; }

    /// <summary>Processes that make calls at the same time.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>Each process has a CPU of its own, from CPU 0 on; else all share the traced one.</summary>
    public bool EachOnItsCpu { get; init; }

    /// <summary>The most calls of a process.</summary>
    public long Most { get; init; } = 4_000_000;

    public override string? Call => Name;

    public override bool OneProcess => Processes == 1;

    protected override int Affinity(BenchPlace place) => EachOnItsCpu ? ProcessStart.AnyCpu : place.Machine.TracedCpu;

    protected override IReadOnlyList<string> Words(BenchPlace place) =>
    [
        ToolList.Self, "bench-calls", Name, $"{Most}", place.Seconds.ToString(CultureInfo.InvariantCulture), $"{Rate}", $"{Affinity(place)}",
        $"{Processes}", $"{Size}",
    ];

    protected override Measurement Read(CommandEnd end)
    {
        // Calls made in all, calls measured, nanoseconds from the first to the last, those of each process added up.
        long[] numbers = [.. end.Output.Trim().Split(' ').Select(word => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : 0)];
        if (numbers is not [var made, > 0 and var measured, var wall, var each])
            throw new ToolException($"{Name} printed no figure: {BenchProcess.LastLine(end.Output) ?? "nothing"}");
        return new Measurement((double)(EachOnItsCpu ? each : wall) / measured, made, Name == "getppid" ? 0 : LoaderCalls);
    }
}

/// <summary>dd with blocks of one byte: a read and a write for each.</summary>
internal sealed class DdWorkload() : CommandWorkload("dd", "dd if=/dev/zero of=/dev/null bs=1: a read and a write for each byte", new Metric("ns/byte", IsRate: false))
{
    private const int LinesAtEnd = 8;

    public override string? Call => "write";

    protected override bool UntilInterrupted => true;

    protected override IReadOnlyList<string> Words(BenchPlace place) => ["dd", "if=/dev/zero", "of=/dev/null", "bs=1"];

    protected override Measurement Read(CommandEnd end)
    {
        int line = end.Error.IndexOf("records out\n", StringComparison.Ordinal);
        if (line < 0)
            throw new ToolException($"dd printed no figure: {BenchProcess.LastLine(end.Error) ?? "nothing"}");
        string last = "\n" + end.Error[(line + "records out\n".Length)..];
        double bytes = NumberBetween(last, "\n", " byte"), seconds = NumberBetween(last, "copied, ", " s,");
        return bytes > 0 ? new Measurement(seconds * 1e9 / bytes, (long)bytes, LinesAtEnd) : throw new ToolException("dd copied nothing");
    }
}

/// <summary>The classic benchmark: sysbench reads files on a tmpfs in order.</summary>
internal sealed class FileioWorkload(string mode)
    : CommandWorkload($"fileio-{mode}", $"sysbench fileio seqrd, {mode}, on tmpfs", new Metric("MiB/s", IsRate: true))
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly string[] s_files = ["--file-total-size=512M", "--file-num=8"];

    private string? _directory;

    // Its worker is a thread.
    public override bool OneProcess => false;

    public override int Rounds => 9;

    public override string? Missing() => MissingProgram("sysbench", "sysbench");

    public override void Prepare(BenchPlace place)
    {
        _directory = place.Work.NewFile(Name);
        Directory.CreateDirectory(_directory);
        BenchProcess.Run(place.Work, ["env", "-C", _directory, "sysbench", "fileio", .. s_files, "prepare"], s_patience);
    }

    protected override IReadOnlyList<string> Words(BenchPlace place) =>
    [
        "env", "-C", _directory!, "sysbench", "fileio", .. s_files, "--file-test-mode=seqrd", $"--file-io-mode={mode}",
        $"--time={Math.Max(1, (int)Math.Ceiling(place.Seconds))}", "run",
    ];

    protected override Measurement Read(CommandEnd end) => new(NumberBetween(end.Output, "read, MiB/s:", "\n"));

    public override void Dispose()
    {
        if (_directory is not null)
            Directory.Delete(_directory, recursive: true);
        _directory = null;
    }
}

/// <summary>tar unpacks small files.</summary>
internal sealed class UntarWorkload() : CommandWorkload("untar", "tar xf: 4,000 files of 4 KB onto tmpfs", new Metric("files/s", IsRate: true))
{
    private const int Files = 4000, FileSize = 4096, FilesPerDirectory = 100;

    public override int Rounds => 5;

    private string? _archive, _target;

    public override void Prepare(BenchPlace place)
    {
        _archive = place.Work.NewFile("archive");
        _target = place.Work.NewFile("untar");
        using FileStream stream = File.Create(_archive);
        using var tar = new TarWriter(stream, TarEntryFormat.Ustar);
        for (int i = 0; i < Files; i++)
        {
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"{i / FilesPerDirectory}/{i}")
            {
                DataStream = new MemoryStream(new byte[FileSize]),
            });
        }
    }

    protected override void Reset(BenchPlace place)
    {
        Remove();
        Directory.CreateDirectory(_target!);
    }

    protected override IReadOnlyList<string> Words(BenchPlace place) => ["tar", "xf", _archive!, "-C", _target!];

    protected override Measurement Read(CommandEnd end) => new(Files / end.Elapsed.TotalSeconds);

    public override void Dispose()
    {
        Remove();
        if (_archive is not null)
            File.Delete(_archive);
    }

    private void Remove()
    {
        if (_target is not null && Directory.Exists(_target))
            Directory.Delete(_target, recursive: true);
    }
}

/// <summary>A C compiler makes objects of small files, one after the other.</summary>
internal sealed class BuildWorkload() : CommandWorkload("build", "cc -O1 -c: 12 C files, one after the other", new Metric("files/s", IsRate: true))
{
    private const int Files = 12;

    private string? _directory;

    public override bool OneProcess => false;

    public override int Rounds => 5;

    public override string? Missing() => MissingProgram("cc", "gcc");

    public override void Prepare(BenchPlace place)
    {
        _directory = place.Work.NewFile("build");
        Directory.CreateDirectory(_directory);
        for (int i = 0; i < Files; i++)
        {
            var text = new StringBuilder("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n");
            for (int function = 0; function < 40; function++)
                text.Append(CultureInfo.InvariantCulture, $"int f{i}_{function}(const char *s) {{ return (int)strlen(s) * {function + 3} + atoi(s) % {i + 2}; }}\n");
            File.WriteAllText($"{_directory}/{i}.c", text.ToString());
        }
    }

    protected override IReadOnlyList<string> Words(BenchPlace place) =>
        ["env", "-C", _directory!, "sh", "-c", "for file in *.c; do cc -O1 -c -o object.o \"$file\" || exit 1; done"];

    protected override Measurement Read(CommandEnd end) => new(Files / end.Elapsed.TotalSeconds);

    public override void Dispose()
    {
        if (_directory is not null)
            Directory.Delete(_directory, recursive: true);
        _directory = null;
    }
}
