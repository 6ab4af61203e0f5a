using System.Diagnostics;
using System.Globalization;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Whatever of Scry is killed at whatever moment: recording goes on, and the next command works.</summary>
public sealed class LoopKillTests(ITestOutputHelper output)
{
    private const int SigTerm = 15;
    private const int Rounds = 4;

    [Theory]
    [InlineData("dump")]
    [InlineData("list")]
    public void ReadersThatAreKilledDoNotDisturbRecording(string command)
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--memory", "4M");
        using Child load = Load(loop, cgroup);
        string[] before = Temporary();
        AfterEachKill(loop, moment => KillAfter(moment, "", "loop", command, loop.Name));
        Assert.Equal(before, Temporary());
    }

    [Fact]
    public void ARunThatIsKilledLeavesNothingAndDisturbsNobody()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--memory", "4M");
        using Child load = Load(loop, cgroup);
        string[] before = Loop.Names();
        var links = new HashSet<string>();
        bool ready = false;
        AfterEachKill(loop, moment => links.UnionWith(KillAfter(moment, (ready = !ready) ? "recording in" : "", "loop", "run", "-G", cgroup.Path, "--memory", "4M")));
        Assert.NotEmpty(links);
        Assert.Equal(before, Loop.Names());
        Eventually.True(() => !links.Overlaps(Attached.Now()), "the links of the killed are gone");
    }

    [Fact]
    public void AStartThatIsKilledIsNamedAndCanBeStopped()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--memory", "4M");
        using Child load = Load(loop, cgroup);
        int half = 0;
        AfterEachKill(loop, moment =>
        {
            string name = Loop.FreshName();
            KillAfter(2 * moment, "", "loop", "start", name, "-G", cgroup.Path, "--memory", "4M");
            half += StopWhatIsLeft(name, of: loop) ? 1 : 0;
        }, rounds: 2 * Rounds);
        output.WriteLine($"{half} were half started");
    }

    [Fact]
    public void ARecorderOfWhichAnyPinIsMissingIsNotWhole()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var whole = new Loop("-G", cgroup.Path, "--memory", "4M");
        foreach (string pin in Directory.GetFiles(whole.Directory).Select(pin => Path.GetFileName(pin)).Where(pin => !pin.StartsWith("link_", StringComparison.Ordinal)))
        {
            string name = Loop.FreshName();
            Child.Run(ScryBinary.Path, "loop", "start", name, "-G", cgroup.Path, "--memory", "4M").Expect();
            File.Delete($"{Loop.BpfMount}/scry/{name}/{pin}");
            Assert.True(StopWhatIsLeft(name, of: whole), pin);
        }
    }

    [Fact]
    public void AStopThatIsKilledCanBeRepeated()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--memory", "4M");
        using Child load = Load(loop, cgroup);
        AfterEachKill(loop, moment =>
        {
            string name = Loop.FreshName();
            Child.Run(ScryBinary.Path, "loop", "start", name, "-G", cgroup.Path, "--memory", "4M").Expect();
            KillAfter(moment, "", "loop", "stop", name);
            StopWhatIsLeft(name, of: loop);
        });
    }

    [Fact]
    public void AWatchThatIsKilledLosesNoIncidentAndLeavesNoTornFile()
    {
        using Cgroup parent = Cgroup.Unified(), busy = parent.Below("busy"), crashing = parent.Below("crashing");
        using var workspace = new Workspace();
        using var loop = new Loop("-G", parent.Path, "--memory", "8M", "--on", "exit=7", "--cooldown", "1ms");
        using Child load = Load(loop, busy);
        string directory = workspace["incidents"];
        int round = 0;
        void Crash() => Child.Shell($"{crashing.Enter}; {Programs.Path("count")} 5000; cat /mark/{round++}-; sh -c 'exit 7'; :");
        AfterEachKill(loop, moment =>
        {
            Crash();
            // Every other time while it writes a file, when it gets to that.
            if (round % 2 == 0)
                KillAfter(moment, "", "loop", "watch", loop.Name, "--dir", directory);
            else
                KillAtFirstFile(loop.Watch(directory), directory);
        });
        using Child watch = loop.Watch(directory);
        Crash();
        Eventually.True(() => Files(directory).Length == round, "all incidents are written");
        watch.Signal(SigTerm);
        watch.Wait().Expect();
        string[] texts = [.. Files(directory).Select(file => Child.Run(ScryBinary.Path, "report", file).Expect().Output)];
        for (int i = 0; i < round; i++)
            Assert.Single(texts, text => text.Contains($"/mark/{i}-", StringComparison.Ordinal));
    }

    // After each kill the dump is whole, and has calls that were made since the last. The moment is within twice the time that
    // a dump takes, which is what most commands take at least.
    private void AfterEachKill(Loop loop, Action<int> kill, int rounds = Rounds)
    {
        Random random = Seeded();
        for (int round = 0; round < rounds; round++)
        {
            var clock = Stopwatch.StartNew();
            long before = Counts.Check(loop.Dump("-e", "lseek").Output);
            kill(random.Next(2 * (int)clock.ElapsedMilliseconds));
            Eventually.True(() => Counts.Check(loop.Dump("-e", "lseek").Output) > before, "recording goes on");
        }
        Assert.Contains(", 0 lost,", loop.List().Output);
    }

    // From when it has said something, if anything. Returns the links that it held.
    private static HashSet<string> KillAfter(int milliseconds, string said, params string[] words)
    {
        using Child child = Child.Start(ScryBinary.Path, words);
        Eventually.True(() => child.Error.Contains(said, StringComparison.Ordinal), $"it has said '{said}'");
        Thread.Sleep(milliseconds);
        if (child.HasExited)
            return [];
        HashSet<string> links = Attached.LinksOf(child.Id);
        child.Kill();
        return links;
    }

    private static void KillAtFirstFile(Child watch, string directory)
    {
        using (watch)
        {
            var clock = Stopwatch.StartNew();
            int before = Count();
            while (Count() == before && clock.ElapsedMilliseconds < 20_000)
            {
            }
            watch.Kill();
        }

        int Count() => Directory.Exists(directory) ? Directory.GetFiles(directory).Length : 0;
    }

    // Whether what a kill left was neither nothing nor a whole recorder: then each command names it. It is gone afterwards.
    private static bool StopWhatIsLeft(string name, Loop of)
    {
        string directory = $"{Loop.BpfMount}/scry/{name}";
        if (!Directory.Exists(directory))
            return false;
        Finished dump = Child.Run(ScryBinary.Path, "loop", "dump", name);
        string[] links = Links(directory);
        bool whole = File.Exists($"{directory}/loop_control");
        Finished list = Child.Run(ScryBinary.Path, "loop", "list");
        // What was cut short is cleaned up by itself; of one that lacks another pin nobody knows how that came.
        Assert.Equal(whole, Directory.Exists(directory));
        if (whole)
            Child.Run(ScryBinary.Path, "loop", "stop", name).Expect();
        Assert.False(Directory.Exists(directory));
        bool half = dump.Status != 0;
        if (half)
        {
            string message = $"the recorder '{name}' is not whole: its start or its stop was cut short; 'scry loop stop {name}' removes what is left";
            Assert.Contains(message, dump.Expect(1).Error);
            Assert.Contains(whole ? message : $"removed what was left of the recorder '{name}', whose start or stop was cut short", list.Expect().Error);
        }
        else
        {
            // Of a whole one no program is missing.
            Assert.Equal(Links(of.Directory), links);
        }
        return half;
    }

    private static string[] Temporary() => Directory.GetDirectories(Path.GetTempPath(), "scry-dump-*");

    private static string[] Links(string directory) => [.. Directory.GetFiles(directory, "link_*").Select(pin => Path.GetFileName(pin)).Order()];

    private static string[] Files(string directory) => Directory.Exists(directory) ? Directory.GetFiles(directory, "*.scry") : [];

    // Both CPUs make calls as fast as they can.
    private static Child Load(Loop loop, Cgroup cgroup)
    {
        Child load = Child.Start("/bin/sh", ["-c", $"{cgroup.Enter}; exec {Programs.Path("count")} 0 {Environment.ProcessorCount}"]);
        Eventually.True(() => loop.Dump("-e", "lseek").Output.Length > 0, "the load has begun");
        return load;
    }

    private Random Seeded()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("SCRY_TEST_SEED"), CultureInfo.InvariantCulture, out int given) ? given : Environment.TickCount;
        output.WriteLine($"SCRY_TEST_SEED={seed}");
        return new Random(seed);
    }
}
