using Scry.Targets;
using Scry.Recording;
using Scry.Tests.Unit.Views;
using Scry.Wire;

namespace Scry.Tests.Unit.Recording;

/// <summary>A directory for recordings, and what to put into them.</summary>
internal sealed class Samples : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("scry-recording-");

    public static RecordingAbout About { get; } = new()
    {
        ScryVersion = "0.1.0",
        KernelRelease = "6.8.0",
        Machine = "x86_64",
        BootId = "3f0c9f6e-0000-4000-8000-000000000000",
        HostName = "höst\n",
        Cpus = 4,
        WireVersion = Layout.Version,
        FactsVersion = "373",
        Clocks = [new ClockAnchor(5, 1_700_000_000_000_000_000), new ClockAnchor(9, 1_700_000_000_000_000_004)],
        CommandLine = ["scry", "trace", "-o", "a \"b\".scry"],
        Target = "pid 42",
        Selection = "all",
        PayloadLimit = 64,
    };

    public static RecordedName[] Names { get; } =
    [
        new CgroupName { Time = 1, Id = 7, Path = "/a", Runtime = "docker", ContainerId = "0123", ContainerName = "web" },
        new CgroupName { Time = 1, Id = 8, Path = "/system.slice" },
        new ThreadName { Time = 2, Tgid = 42, Tid = 43, Comm = "wörk\u001b\ud800" },
        new DescriptorName { Time = 3, Tgid = 42, Fd = 3, Path = "/x\ny" },
    ];

    public string Path(string name = "a.scry") => System.IO.Path.Combine(_directory.FullName, name);

    /// <summary>Makes a file as a recording is.</summary>
    public static FileStream New(string path) => OutputFile.New(path).Stream;

    /// <summary>Records of every kind, those at time i being the i-th.</summary>
    public static byte[] Record(int i)
    {
        (uint tid, uint seq, ulong time) = (100 + (uint)i % 7, (uint)i / 7, (ulong)i);
        return (i % 5) switch
        {
            0 => RecordMaker.Call(RecordMaker.Getppid, tid, seq, time, 12, i),
            1 => RecordMaker.With(RecordMaker.Call(1, tid, seq, time, 5, 3, args: [1, 0x1000, 3]), 0x1000, Noise(i)),
            2 => RecordMaker.Task(tid, seq, time, $"comm{i}"),
            3 => RecordMaker.Exit(tid, seq, time, 256),
            _ => RecordMaker.Signal(tid, seq, time, 9, 0, 0, 1, 2),
        };
    }

    /// <summary>A whole recording; names stand between its records.</summary>
    public string Write(int records, int flushEvery = int.MaxValue)
    {
        using RecordingWriter writer = RecordingWriter.Create(Path(), About, Samples.New);
        for (int i = 0; i < records; i++)
        {
            writer.Write(Record(i));
            if (i == records / 2)
                writer.WriteNames(Names);
            if (i % flushEvery == flushEvery - 1)
                writer.Flush();
        }
        writer.Finish(new Dictionary<string, ulong> { ["ring"] = 3 }, complete: false);
        return Path();
    }

    /// <summary>Reads all of a file; its records must be the first of <see cref="Record"/>.</summary>
    public static (int Records, int Names, RecordingDamage? Damage) Read(string path)
    {
        using RecordingReader reader = RecordingReader.Open(path);
        int records = 0, names = 0;
        reader.ForEachRecord(record =>
        {
            if (!record.SequenceEqual(Record(records++)))
                throw new InvalidOperationException($"record {records - 1} is another");
            return true;
        });
        RecordingDamage? damage = reader.Damage;
        reader.ForEachName(_ => names++);
        return (records, names, damage ?? reader.Damage);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    // Does not compress well, so that damage falls into payloads.
    private static byte[] Noise(int i)
    {
        byte[] noise = new byte[40];
        new Random(i).NextBytes(noise);
        return noise;
    }
}
