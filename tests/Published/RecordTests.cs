using System.Text.Json;
using System.Text.RegularExpressions;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary><c>scry record</c> and <c>scry report</c>: what is recorded now is shown later as if it were now.</summary>
public sealed class RecordTests : IDisposable
{
    private const string Secret = "a secret of 24 characters";

    private readonly Workspace _workspace = new();

    private string File => _workspace["calls.scry"];

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void A_report_has_the_lines_of_a_trace()
    {
        string[] command = ["--", "cat", "/etc/passwd", "/no/such/file"];
        ScryBinary.Trace(["-o", _workspace["trace"], .. command]).Expect(1);
        Record(1, command);
        Report("-o", _workspace["report"]);
        // The kernel and the loader answer the same in both runs; ids and addresses are other ones.
        Assert.Equal(Shape(_workspace["trace"]), Shape(_workspace["report"]));
        string[] lines = System.IO.File.ReadAllLines(_workspace["report"]);
        Assert.Contains("execve(\"", lines[0]);
        Assert.Contains("[\"cat\", \"/etc/passwd\", \"/no/such/file\"]", lines[0]);
        Assert.EndsWith("+++ exited with 1 +++", lines[^1]);
    }

    [Fact]
    public void Lines_of_one_command_go_to_standard_output_without_a_column_for_its_thread()
    {
        Record(0, "--", "true");
        Finished report = Report();
        Assert.StartsWith("execve(", report.Lines[0]);
        Assert.Equal("+++ exited with 0 +++", report.Lines[^1]);
        Assert.Matches(@"^scry: complete: \d+ calls\n$", report.Error);
        Assert.Empty(Report("-q").Error);
    }

    [Fact]
    public void What_is_not_asked_for_is_no_gap()
    {
        Record(0, "--", "sh", "-c", "cat /etc/passwd >/dev/null; true");
        Finished report = Report("-e", "openat");
        Assert.All(report.Lines, line => Assert.Matches(@"openat\(|\+\+\+|---", line));
        Assert.Contains(report.Lines, line => line.Contains("/etc/passwd", StringComparison.Ordinal));
        Assert.DoesNotContain("lost", report.Output);
        Assert.All(Report("--path", "/etc/pass", "--no-signals").Lines, line => Assert.Matches(@"""/etc/passwd""|\+\+\+", line));
    }

    [Fact]
    public void Targets_are_chosen_afterwards()
    {
        Record(0, "--", "sh", "-c", "cat /etc/passwd >/dev/null; true");
        string pid = Regex.Match(Report("--comm", "cat", "-o", "/dev/stdout").Lines[0], @"^\d+").Value;
        string[] lines = Report("-p", pid, "-e", "execve").Lines;
        Assert.Contains("[\"cat\", ", lines[0]);
        Assert.EndsWith("+++ exited with 0 +++", lines[1]);
        Assert.Equal(2, lines.Length);
        Assert.Empty(Report("-p", "1").Lines);
        Assert.Empty(Report("-u", "4294967294").Lines);
        Assert.NotEmpty(Report("-u", "root").Lines);
    }

    [Fact]
    public void Cgroups_keep_their_names_though_they_are_gone()
    {
        string path;
        using (Cgroup cgroup = Cgroup.Unified())
        {
            path = cgroup.Path;
            Record(0, "-e", "execve,openat", "--", "sh", "-c", $"{cgroup.Enter}; cat /etc/passwd >/dev/null");
        }
        string name = Path.GetFileName(path);
        Finished report = Report("-G", name, "--show-cgroup", "-e", "execve");
        Assert.Contains(report.Lines, line => line.Contains($"/{name} execve(\"", StringComparison.Ordinal) && line.Contains("[\"cat\", ", StringComparison.Ordinal));
        Assert.DoesNotContain("[\"sh\", ", report.Output);
        Finished wrong = Child.Run(ScryBinary.Path, "report", File, "-G", "no/such").Expect(1);
        Assert.StartsWith("scry: the recording has no cgroup 'no/such'; ", wrong.Error);
    }

    [Fact]
    public void Containers_and_units_are_known_by_their_cgroups()
    {
        string id = string.Concat(Enumerable.Repeat("0123456789abcdef", 4));
        using (Cgroup parent = Cgroup.Unified())
        using (Cgroup container = parent.Below($"docker-{id}.scope"))
        using (Cgroup unit = parent.Below("scry-test.service"))
        {
            Record(0, "-e", "execve", "--", "sh", "-c",
                $"({container.Enter}; cat /etc/passwd; true); ({unit.Enter}; tail /etc/passwd; true)");
        }
        string[] inContainer = Report("--container", id[..12], "-e", "execve").Lines;
        Assert.Contains(inContainer, line => line.Contains("[\"cat\", ", StringComparison.Ordinal));
        Assert.DoesNotContain(inContainer, line => line.Contains("[\"tail\", ", StringComparison.Ordinal));
        string[] inUnit = Report("--unit", "scry-test", "-e", "execve").Lines;
        Assert.Contains(inUnit, line => line.Contains("[\"tail\", ", StringComparison.Ordinal));
        Assert.DoesNotContain(inUnit, line => line.Contains("[\"cat\", ", StringComparison.Ordinal));
    }

    [Fact]
    public void Json_is_as_of_a_trace()
    {
        Record(0, "--", "cat", "/etc/passwd");
        JsonElement[] lines = [.. Report("--json").Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        string[] types = [.. lines.Select(line => line.GetProperty("type").GetString()!)];
        Assert.Superset(new HashSet<string> { "call", "exit", "task", "summary" }, types.ToHashSet());
        Assert.Equal(types.Count(type => type == "call"), lines[^1].GetProperty("calls").GetInt32());
        Assert.True(lines[^1].GetProperty("complete").GetBoolean());
        double now = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
        Assert.InRange(double.Parse(lines[0].GetProperty("time").GetString()!, System.Globalization.CultureInfo.InvariantCulture), now - 3600, now + 1);
        Assert.All(Report("--json", "-p", "1").Lines, line => Assert.Contains("\"type\":\"summary\"", line));
    }

    [Fact]
    public void A_summary_is_a_table_sorted_by_time()
    {
        Record(0, "--", "sh", "-c", "cat /no/such/file 2>/dev/null; sleep 0.1");
        string[] lines = Report("-s").Lines;
        Assert.StartsWith("% time ", lines[0]);
        Assert.Contains(lines, line => Regex.IsMatch(line, @" [1-9]\d* +[1-9]\d* openat$"));
        double[] seconds = [.. lines[2..^2].Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]))];
        Assert.Equal(seconds.OrderDescending(), seconds);
        Assert.EndsWith(" total", lines[^1]);
    }

    [Fact]
    public void Payload_is_private_unless_asked_for()
    {
        string[] command = ["--", "python3", "-c", $"""
            import os, socket
            one, other = socket.socketpair()
            secret = ('{Secret[..8]}' + '{Secret[8..]}').encode()
            os.write(one.fileno(), secret); os.read(other.fileno(), 99)
            one.send(secret); other.recv(99)
            one.sendmsg([secret]); other.recvmsg(99)
            os.writev(one.fileno(), [secret]); os.readv(other.fileno(), [bytearray(99)])
            """];
        string[] select = ["-e", "read,write,sendto,recvfrom,sendmsg,recvmsg,readv,writev,execve"];
        Record(0, [.. select, .. command]);
        Assert.DoesNotContain(Secret, Report("--string-limit", "1000", "-v").Output);
        Assert.DoesNotContain(Secret, Report("--json").Output);
        Assert.Contains("[\"python3\", \"-c\", ", Report().Lines[0]);

        Record(0, ["--overwrite", "--payload", "100", .. select, .. command]);
        string shown = Report("--string-limit", "1000", "-v").Output;
        Assert.Equal(8, Regex.Count(shown, Regex.Escape($"\"{Secret}\"")));
        Record(0, ["--overwrite", "--payload", "8", .. select, .. command]);
        shown = Report("--string-limit", "1000", "-v").Output;
        Assert.Equal(8, Regex.Count(shown, Regex.Escape($"\"{Secret[..8]}\"...")));
    }

    [Fact]
    public void Cgroups_that_are_gone_at_once_are_named()
    {
        const int many = 30;
        using Cgroup cgroup = Cgroup.Unified();
        string below = cgroup.Path[Cgroup.UnifiedMount.Length..];
        string[] churn = ["-e", "execve", "--", "sh", "-c", $"for i in $(seq {many}); do mkdir {cgroup.Path}/$i; sh -c \"echo 0 > {cgroup.Path}/$i/cgroup.procs; exec true\"; rmdir {cgroup.Path}/$i; done"];
        Record(0, churn);
        foreach (Finished run in (Finished[])[Child.Run(ScryBinary.Path, "report", "--show-cgroup", File).Expect(), ScryBinary.Trace(["--show-cgroup", "-o", "/dev/stdout", .. churn]).Expect()])
        {
            string[] paths = [.. Regex.Matches(run.Output, $@"^\S+ +\S* ?{Regex.Escape(below)}/(\d+) execve", RegexOptions.Multiline).Select(match => match.Groups[1].Value).Distinct()];
            Assert.Equal(many, paths.Length);
        }
    }

    [Fact]
    public void Only_the_owner_can_read_it_and_it_is_not_written_over_unasked()
    {
        System.IO.File.WriteAllText(File, "mine");
        System.IO.File.SetUnixFileMode(File, (UnixFileMode)0b110_100_100);
        Finished refused = Child.Run(ScryBinary.Path, "record", "-o", File, "--", "true").Expect(1);
        Assert.Matches("^scry: '.*calls.scry' is there already; name another file, or give --overwrite\n$", refused.Error);
        Assert.Equal("mine", System.IO.File.ReadAllText(File));
        Record(0, "--overwrite", "--", "true");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        System.IO.File.Delete(File);
        Record(0, "--", "true");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public void A_file_cut_anywhere_shows_what_is_before_the_cut()
    {
        using (Child scry = StartRecord("--", "sh", "-c", "for i in 1 2 3; do cat /etc/passwd; sleep 0.7; done"))
            scry.Wait().Expect();
        byte[] whole = System.IO.File.ReadAllBytes(File);
        string[] all = Report().Lines;
        var shown = new HashSet<int>();
        for (int length = 0; length < whole.Length; length += Math.Max(1, whole.Length / 40))
        {
            System.IO.File.WriteAllBytes(_workspace["cut"], whole[..length]);
            Finished cut = Child.Run(ScryBinary.Path, "report", _workspace["cut"]).Expect(1);
            Assert.Matches(@"^scry: '.*/cut' at byte \d+: [^\n]+\n$", cut.Error);
            // Columns for threads depend on what came before only.
            Assert.Equal(all[..cut.Lines.Length], cut.Lines);
            shown.Add(cut.Lines.Length);
            Assert.Equal(1, Child.Run(ScryBinary.Path, "report", _workspace["cut"], "-s").Status);
        }
        // Flushed in between: not all or nothing.
        Assert.True(shown.Count >= 3, string.Join(' ', shown));
        System.IO.File.WriteAllBytes(_workspace["cut"], whole[..^1]);
        Finished json = Child.Run(ScryBinary.Path, "report", _workspace["cut"], "--json").Expect(1);
        Assert.Contains("\"complete\":false", json.Lines[^1]);
    }

    [Fact]
    public void A_changed_byte_is_found_and_what_is_before_it_shown()
    {
        Record(0, "--", "true");
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        bytes[^200] ^= 0x10;
        System.IO.File.WriteAllBytes(File, bytes);
        Finished report = Child.Run(ScryBinary.Path, "report", File).Expect(1);
        Assert.Matches(@"^scry: '.*' at byte \d+: [^\n]+\n$", report.Error);
    }

    [Fact]
    public void A_recorder_that_is_killed_leaves_what_it_flushed()
    {
        using Child target = Child.Start("sh", ["-c", "while :; do sleep 0.1; done"]);
        // So little that no block fills: it is there because it was flushed.
        using (Child scry = StartRecord("-p", $"{target.Id}", "-e", "execve,wait4"))
        {
            Eventually.True(() => System.IO.File.Exists(File) && Child.Run(ScryBinary.Path, "report", File).Lines.Length > 20, "records are in the file");
            scry.Signal(9);
            scry.Wait();
        }
        Finished report = Child.Run(ScryBinary.Path, "report", File).Expect(1);
        Assert.Contains("no END: the recording was not finished", report.Error);
        Assert.True(report.Lines.Length > 20);
    }

    [Fact]
    public void The_last_of_it_can_be_had_alone()
    {
        Record(0, "--", "cat", "/etc/passwd");
        // The end of the thread is the last record, whenever it was.
        Assert.Equal(["+++ exited with 0 +++"], Report("--last", "1ns").Lines);
        Assert.Equal(Report().Lines.Length, Report("--last", "1h").Lines.Length);
        Assert.Equal(3, Report("--max-events", "3").Lines.Length);
    }

    [Theory]
    [InlineData(1, "cannot read the recording /no/such/file: no such file or directory", "report", "/no/such/file")]
    [InlineData(1, "'/etc/passwd' at byte 0: not a recording of Scry", "report", "/etc/passwd")]
    [InlineData(1, "cannot read the recording /etc:", "report", "/etc")]
    [InlineData(2, "no recording is named; ", "report")]
    [InlineData(2, "no file is named to record into; give -o FILE", "record", "--", "true")]
    [InlineData(1, "cannot make the recording /no/such/file: no such file or directory", "record", "-o", "/no/such/file", "--", "true")]
    [InlineData(1, "cannot write the recording /dev/full: the disk is full", "record", "--overwrite", "-o", "/dev/full", "--", "true")]
    public void What_goes_wrong_is_one_line(int status, string line, params string[] words)
    {
        Finished run = Child.Run(ScryBinary.Path, words).Expect(status);
        Assert.StartsWith("scry: " + line, run.Error);
        Assert.Equal(1, run.Error.Count(c => c == '\n'));
        Assert.Empty(run.Output);
    }

    [Fact]
    public void A_run_that_cannot_begin_leaves_no_file()
    {
        Child.Run(ScryBinary.Path, "record", "-o", File, "--", "no-such-command").Expect(1);
        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public void A_report_into_a_closed_pipe_ends_in_silence()
    {
        Record(0, "--", Programs.Path("load"), "20000");
        Finished run = Child.Shell($"{{ {ScryBinary.Path} report {File}; echo $? >&2; }} | head -1").Expect();
        Assert.Equal("141\n", run.Error);
    }

    [Fact]
    public void Losses_are_recorded()
    {
        Child.Run(ScryBinary.Path, "record", "--strict", "--buffer", "64K", "-o", File, "--", Programs.Path("load"), "1000000", "2").Expect(3);
        Finished report = Report();
        Assert.Contains(report.Lines, line => line.EndsWith("lost ...", StringComparison.Ordinal));
        Assert.Matches(@"^scry: lost \d+ of \d+ records \(\d+: no room in the ring", report.Error);
        // A gap hides calls of any name: it is shown where its thread is.
        Assert.Contains(Report("-e", "execve").Lines, line => line.EndsWith("lost ...", StringComparison.Ordinal));
        Assert.Empty(Report("-p", "1").Lines);
    }

    private Child StartRecord(params string[] words) => Child.Start(ScryBinary.Path, ["record", "-o", File, .. words]);

    private void Record(int status, params string[] words) => Child.Run(ScryBinary.Path, ["record", "-o", File, .. words]).Expect(status);

    private Finished Report(params string[] words) => Child.Run(ScryBinary.Path, ["report", File, .. words]).Expect();

    // The names and results of calls, thread by thread in order of their tids; numbers that are new in each run left out.
    private static string[] Shape(string file) =>
    [
        .. TraceLog.Read(file, out _).OrderBy(thread => thread.Key).SelectMany(thread => thread.Value)
            .Select(line => Regex.Replace($"{line.Name} {line.Result}", @"0x[0-9a-f]+|\d{3,}", "N"))
            .Where(line => !line.StartsWith("---", StringComparison.Ordinal)),
    ];
}
