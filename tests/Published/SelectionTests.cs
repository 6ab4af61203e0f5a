using System.Text.Json;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Which calls are shown, and how.</summary>
public sealed class SelectionTests
{
    [Fact]
    public void ByName()
    {
        string[] names = Names("-e", "openat,close", "--", "cat", "/etc/passwd");
        Assert.Equal(["close", "openat"], names);
    }

    [Fact]
    public void AllButOne() => Assert.DoesNotContain("openat", Names("-e", "!openat", "--", "cat", "/etc/passwd"));

    [Fact]
    public void ByExpression() => Assert.All(Names("-e", "/^(open|read)", "--", "cat", "/etc/passwd"), name => Assert.Matches("^(open|read)", name));

    [Theory]
    [InlineData("%file", "openat", "read")]
    [InlineData("%desc", "read", "execve")]
    [InlineData("%memory", "mmap", "read")]
    public void ByClass(string name, string inside, string outside)
    {
        string[] names = Names("-e", name, "--", "cat", "/etc/passwd");
        Assert.Contains(inside, names);
        Assert.DoesNotContain(outside, names);
    }

    [Fact]
    public void Failed() => Assert.All(
        Calls("--failed", "--", "cat", "/no/such/file"), line => Assert.Contains(" = -1 E", line));

    [Fact]
    public void ByErrno()
    {
        string[] calls = Calls("--errno", "ENOENT", "--", "cat", "/no/such/file");
        Assert.Contains(calls, line => line.Contains("/no/such/file", StringComparison.Ordinal));
        Assert.All(calls, line => Assert.Contains(" = -1 ENOENT (", line));
    }

    [Theory]
    [InlineData("--over", "150ms")]
    [InlineData("--duration", "150")]
    public void SlowOnes(string option, string value)
    {
        string[] calls = Calls(option, value, "-T", "--", "sh", "-c", "sleep 0.01; sleep 0.2");
        Assert.Contains(calls, line => line.Contains("nanosleep(", StringComparison.Ordinal));
        Assert.All(calls, line => Assert.Matches(@"<0\.[1-9]\d{5}>$|<[1-9]", line));
    }

    [Fact]
    public void SoManyAndNoMore() => Assert.Equal(5, Calls("--max-events", "5", "--", "ls", "/").Length);

    [Fact]
    public void SoLongAndNoLonger()
    {
        using Child target = Child.Start(Programs.Path("blocked"), []);
        Finished run = ScryBinary.Trace("-p", $"{target.Id}", "--for", "200ms").Expect();
        Assert.Contains("complete: ", run.Error);
        Assert.False(target.HasExited);
    }

    [Theory]
    [InlineData("-t", @"^\d\d:\d\d:\d\d \w")]
    [InlineData("-tt", @"^\d\d:\d\d:\d\d\.\d{6} \w")]
    [InlineData("-ttt", @"^\d{10}\.\d{6} \w")]
    [InlineData("-r", @"^     \d\.\d{6} \w")]
    public void Times(string option, string expected) => Assert.Matches(expected, Calls(option, "--", "true")[0]);

    [Fact]
    public void EpochTimesAreTheClocks()
    {
        double before = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
        double first = double.Parse(Calls("-ttt", "--", "true")[0].Split(' ')[0]);
        Assert.InRange(first, before - 0.01, before + 30);
    }

    [Fact]
    public void StringsAreCutWhereAsked()
    {
        using var workspace = new Workspace();
        ScryBinary.Trace("-o", workspace["out"], "-s", "5", "-e", "write", "--", "echo", "0123456789").Expect();
        Assert.Contains("write(1, \"01234\"..., 11) = 11", System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(workspace["out"]), " += ", " = "));
    }

    [Fact]
    public void JsonLinesAllParse()
    {
        using var workspace = new Workspace();
        ScryBinary.Trace("--json", "-o", workspace["out"], "--", "sh", "-c", "cat /etc/passwd | wc -l; kill -USR1 $$").Expect(128 + 10);
        JsonElement[] lines = [.. File.ReadLines(workspace["out"]).Select(line => JsonDocument.Parse(line).RootElement)];
        string[] types = [.. lines.Select(line => line.GetProperty("type").GetString()!).Distinct()];
        Assert.Superset(new HashSet<string> { "call", "signal", "exit", "task", "summary" }, types.ToHashSet());
        Assert.Equal("summary", lines[^1].GetProperty("type").GetString());
        Assert.True(lines[^1].GetProperty("complete").GetBoolean());
        Assert.Equal(lines.Count(line => line.GetProperty("type").GetString() == "call"), lines[^1].GetProperty("calls").GetInt32());
    }

    private static string[] Names(params string[] words) =>
        [.. Calls(words).Select(line => TraceLine.Parse(line).Name).Distinct().Order()];

    // The lines of calls, as a file has them; without the column of tids, which is at least 5 wide.
    private static string[] Calls(params string[] words)
    {
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, ["trace", "-o", workspace["out"], .. words]);
        return
        [
            .. File.ReadLines(workspace["out"]).Select(line => line[(Math.Max(5, line.IndexOf(' ')) + 1)..])
                .Where(line => line.Contains('(') && !line.Contains("--- ", StringComparison.Ordinal) && !line.Contains("+++ ", StringComparison.Ordinal)),
        ];
    }
}
