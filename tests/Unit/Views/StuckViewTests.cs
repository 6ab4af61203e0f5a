using System.Text;
using System.Text.Json;
using Scry.Views;
using Xunit;

namespace Scry.Tests.Unit.Views;

public sealed class StuckViewTests
{
    private const ulong Second = 1_000_000_000;

    [Theory]
    [InlineData(0, "0 ms")]
    [InlineData(999_999_999, "999 ms")]
    [InlineData(59_990_000_000, "59.9 s")]
    [InlineData(60_000_000_000, "1m00s")]
    [InlineData(7_500_000_000_000, "2h05m")]
    [InlineData(273_600_000_000_000, "3d04h")]
    public void A_duration_is_said_as_people_say_it(ulong nanoseconds, string text) => Assert.Equal(text, StuckView.Duration(nanoseconds));

    [Fact]
    public void The_most_suspicious_come_first_and_then_the_longest()
    {
        StuckEntry[] entries =
        [
            Entry(1, "epoll_wait", 9), Entry(2, "read", 1), Entry(3, "read", 2), Entry(4, "write", 1) with { State = 'D' },
            Entry(5, "flock", 1) with { Holders = [new("lock", "held by", [], null)] }, Entry(6, "pause", 1) with { State = 'T' },
        ];
        Assert.Equal([4, 5, 6, 3, 2, 1], StuckView.Sort(entries).Select(entry => entry.Tid));
    }

    [Fact]
    public void A_block_has_the_call_the_holder_and_the_stack()
    {
        StuckEntry entry = Entry(7, "flock", 2) with
        {
            Stack = ["a", "b", "c", "d", "e", "f"],
            Holders = [new("lock", "held by", [new(8, 9, "x\u001b", 'S', 3, "read")], "likely: so")],
        };
        Assert.Equal(
            "  ≥ 2.0 s  S  c[5/7]  flock(…)\n              held by x\\u001b[8/9] fd 3, which is in read (likely: so)\n              in a < b < c < d < e < …\n",
            Text(new StuckLayout(), entry));
        Assert.StartsWith("    3.0 s  S  c[5/7]", Text(new StuckLayout(), entry with { CallNs = 3 * Second }));
        Assert.Contains("\n              in a\n                 b\n", Text(new StuckLayout { FullStacks = true }, entry));
    }

    [Fact]
    public void Threads_are_one_when_they_wait_in_the_same_place_for_the_same_holder()
    {
        StuckEntry held = Entry(1, "futex", 3) with { Holders = [new("futex_owner", "owned by", [new(5, 9, "o", 'S', null, null)], null)] };
        StuckEntry[] entries = [held, held with { Tid = 2 }, Entry(3, "futex", 2), Entry(4, "futex", 2) with { Tgid = 6 }];
        string text = Text(new StuckLayout(), entries);
        Assert.Equal(1, text.Split("and 1 more thread of it in futex, 3.0 s").Length - 1);
        Assert.Equal(3, text.Split('≥').Length - 1);
        Assert.Equal(4, Text(new StuckLayout { AllThreads = true }, entries).Split('≥').Length - 1);
    }

    [Fact]
    public void Json_is_json_whatever_the_names_are()
    {
        var stream = new MemoryStream();
        StuckEntry entry = Entry(7, "flock", 2) with
        {
            Comm = [(byte)'"', 0xff, 7], Call = [.. "\"name\":\"flock\""u8], Cgroup = "/\n",
            Holders = [new("lock", "\"", [new(8, 9, "\u001b", null, null, null)], null)],
        };
        new StuckJsonView(OutputWriter.To(stream, lineBuffered: false), 0).Write([entry], 5);
        string[] lines = Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using JsonDocument one = JsonDocument.Parse(lines[0]), summary = JsonDocument.Parse(lines[1]);
        Assert.Equal(2 * Second, one.RootElement.GetProperty("idle").GetUInt64());
        Assert.Equal("\u001b", one.RootElement.GetProperty("holders")[0].GetProperty("tasks")[0].GetProperty("comm").GetString());
        Assert.Equal((1, 5), (summary.RootElement.GetProperty("stuck").GetInt32(), summary.RootElement.GetProperty("blocked").GetInt32()));
    }

    private static StuckEntry Entry(int tid, string name, ulong seconds) => new()
    {
        Time = 10 * Second, Tid = tid, Tgid = 5, ParentTgid = 1, Uid = 0, Comm = [(byte)'c'], State = 'S', IdleNs = seconds * Second,
        Name = name, Call = Encoding.UTF8.GetBytes(name + "(…)"), Stack = ["f"],
    };

    private static string Text(StuckLayout layout, params StuckEntry[] entries)
    {
        var stream = new MemoryStream();
        new StuckView(OutputWriter.To(stream, lineBuffered: false), layout).Write(entries);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
