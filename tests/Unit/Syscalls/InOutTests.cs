using System.Text;
using System.Text.Json.Nodes;
using Scry.Syscalls;
using Scry.Tests.Unit.Views;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Syscalls.Calls;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>What a call reads and writes: what it was given is the argument, what it left stands beside it.</summary>
public sealed class InOutTests
{
    private const int Room = 0x1000;

    // Every argument that a call of some ABI reads and writes, with the values of others that make it one.
    private static List<(Abi Abi, string Name, int Argument, ulong[] Args, int Type)> All()
    {
        var all = new List<(Abi, string, int, ulong[], int)>();
        foreach (Abi abi in new[] { Abi.X86_64, Abi.Ia32, Abi.Arm64, Abi.Arm })
        {
            for (int id = 0; id < SyscallRow.Count; id++)
            {
                var row = new SyscallRow(id);
                if (row.Number(SyscallRow.TableOf(abi)) >= 0)
                    Add(all, row, abi);
            }
        }
        return all;
    }

    private static void Add(List<(Abi, string, int, ulong[], int)> all, SyscallRow row, Abi abi)
    {
        string name = Encoding.ASCII.GetString(row.Name);
        for (int i = 0; i < row.ArgumentCount; i++)
        {
            if (IsExchanged(row.Argument(i).Type))
                all.Add((abi, name, i, Args(row, default, false), row.Argument(i).Type));
        }
        for (int v = 0; v < row.VariantCount; v++)
        {
            var variant = new VariantRow(row.FirstVariant + v);
            for (int o = 0; !variant.Any && variant.IsOf(SyscallRow.TableOf(abi)) && o < variant.OverrideCount; o++)
            {
                if (IsExchanged(variant.Override(o)[1]))
                    all.Add((abi, name, variant.Override(o)[0], Args(row, variant, true), variant.Override(o)[1]));
            }
        }
    }

    private static bool IsExchanged(int type) => new TypeNode(type) is { Kind: TypeKind.Ptr or TypeKind.FdSet } node && node.Way is Direction.InOut or Direction.InOutAlways;

    // Pointers lie apart; all else is 2.
    private static ulong[] Args(SyscallRow row, VariantRow variant, bool isVariant)
    {
        ulong[] args = [2, 2, 2, 2, 2, 2];
        for (int i = 0; i < row.ArgumentCount; i++)
        {
            if (new TypeNode(row.Argument(i).Type).Kind is TypeKind.Ptr or TypeKind.FdSet or TypeKind.SockAddr or TypeKind.Buf or TypeKind.Variant or TypeKind.Path)
                args[row.Argument(i).Register] = 0x10000000 + (ulong)i * 0x200;
        }
        if (!isVariant)
            return args;
        args[variant.Register1] = variant.Register2 < 0 ? variant.Key : variant.Key >> 32;
        if (variant.Register2 >= 0)
            args[variant.Register2] = (uint)variant.Key;
        return args;
    }

    private static byte[] Record(Abi abi, string name, ulong[] args, byte entry, byte exit, long result = 2) => new Capturer(32).Record(
        name, abi, args, result, new Memory(0x10000000, [.. Enumerable.Repeat(entry, Room)]), new Memory(0x10000000, [.. Enumerable.Repeat(exit, Room)]));

    private static JsonNode Argument(byte[] record, int argument) => JsonNode.Parse(Json(record))!["args"]!.AsObject().ElementAt(argument).Value!;

    // The values before or after, where there are both; a lone value in brackets is itself.
    private static JsonNode? Side(JsonNode? node, string side, HashSet<string> without) => node switch
    {
        JsonObject { Count: 2 } both when both.ContainsKey("before") && both.ContainsKey("after") => Side(both[side], side, without),
        JsonObject members => new JsonObject(members.Where(member => !without.Contains(member.Key)).Select(member => KeyValuePair.Create(member.Key, Side(member.Value, side, without)))),
        JsonArray { Count: 1 } lone => Side(lone[0], side, without),
        JsonArray several => new JsonArray([.. several.Select(element => Side(element, side, without))]),
        _ => node?.DeepClone(),
    };

    // Fields of a structure that the call alone writes, and whether text has the value after of all others.
    private static (HashSet<string> Written, bool AllReplaced, bool Any) Marks(int type, int table)
    {
        var written = new HashSet<string>();
        var element = new TypeNode(new TypeNode(type).A);
        if (new TypeNode(type).Kind != TypeKind.Ptr || element.Kind != TypeKind.Struct)
            return (written, false, false);
        var layout = new StructRow(element.A, table);
        bool all = true, any = false;
        for (int i = 0; i < layout.FieldCount; i++)
        {
            if (layout.Field(i).Written)
                written.Add(Encoding.ASCII.GetString(layout.Field(i).Name));
            all &= layout.Field(i).Written || layout.Field(i).Replaced;
            any |= layout.Field(i).Replaced;
        }
        return (written, all, any);
    }

    [Fact]
    public void EveryRowThatTheKernelWritesToShowsWhatWasAskedForAndWhatCame()
    {
        int seen = 0;
        foreach ((Abi abi, string name, int argument, ulong[] args, int type) in All())
        {
            seen++;
            string what = $"{name} on {abi}, argument {argument}";
            JsonNode both = Argument(Record(abi, name, args, 0x22, 0x33), argument);
            (HashSet<string> written, _, _) = Marks(type, SyscallRow.TableOf(abi));
            Assert.True(JsonNode.DeepEquals(Side(both, "before", written), Side(Argument(Record(abi, name, args, 0x22, 0x22), argument), "before", written)), $"{what}, before: {both.ToJsonString()}");
            Assert.True(JsonNode.DeepEquals(Side(both, "after", []), Side(Argument(Record(abi, name, args, 0x33, 0x33), argument), "after", [])), $"{what}, after: {both.ToJsonString()}");
        }
        Assert.InRange(seen, 150, 1000);
    }

    [Fact]
    public void TextShowsWhatWasAskedForWhereStraceDoes()
    {
        foreach ((Abi abi, string name, int argument, ulong[] args, int type) in All())
        {
            string text = Text(Record(abi, name, args, 0x22, 0x33)), asked = Text(Record(abi, name, args, 0x22, 0x22)), came = Text(Record(abi, name, args, 0x33, 0x33));
            (_, bool all, bool any) = Marks(type, SyscallRow.TableOf(abi));
            var result = new TypeNode(new SyscallRow(SyscallRow.Find(abi, Number(name, abi))).Result);
            if (result.Kind is TypeKind.Poll or TypeKind.Select or TypeKind.Left)
                Assert.Equal(asked[..asked.LastIndexOf(") = ", StringComparison.Ordinal)], text[..text.LastIndexOf(") = ", StringComparison.Ordinal)]);
            else if (all)
                Assert.Equal(came, text);
            else if (!any)
                Assert.Contains(" => ", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AFailedCallShowsWhatItWasGivenAlone()
    {
        foreach ((Abi abi, string name, int argument, ulong[] args, _) in All())
        {
            JsonNode shown = Argument(Record(abi, name, args, 0x22, 0x33, -22), argument);
            if (name != "name_to_handle_at")
                Assert.DoesNotContain("after", shown.ToJsonString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Timeouts()
    {
        byte[] poll = RecordMaker.With(Make("ppoll", 1, [At + 64, 1, At, 0, 8]).In(Words(5, 123)).Out(Words(4, 999997578)), At + 64, Ints(3, 1));
        Assert.Equal("ppoll([{fd=3, events=POLLIN}], 1, {tv_sec=5, tv_nsec=123}, NULL, 8) = 1 ([{fd=3, revents=POLLIN}], left {tv_sec=4, tv_nsec=999997578})",
            Text(RecordMaker.With(poll, At + 64, Ints(3, 0x10001), CapturePhase.Exit)));
        Assert.Equal("select(0, NULL, NULL, NULL, {tv_sec=0, tv_usec=7}) = 0 (Timeout)", Text(Make("select", 0, [0, 0, 0, 0, At]).In(Words(0, 7)).Out(Words(0, 0))));
        Assert.EndsWith("{tv_sec=1, tv_nsec=5}) = 1 (left {tv_sec=0, tv_nsec=9})", Text(Make("recvmmsg", 1, [3, 0, 1, 0, At]).In(Words(1, 5)).Out(Words(0, 9))));
        // What was read late may be what is left: it is not what was asked for.
        byte[] late = RecordMaker.With(Make("ppoll", 0, [0, 0, At, 0, 8]), At, Words(4, 9), CapturePhase.Retry);
        Assert.Equal("ppoll(NULL, 0, 0x7f0000001000, NULL, 8) = 0 (Timeout)", Text(late.Out(Words(4, 9))));
    }

    [Fact]
    public void Numbers()
    {
        Assert.Equal("sendfile(6, 5, [10] => [60], 50) = 50", Text(Make("sendfile", 50, [6, 5, At, 50]).In(Words(10)).Out(Words(60))));
        Assert.Equal("sendfile(6, 5, [18446744073709551615], 50) = -1 EINVAL (Invalid argument)", Text(Make("sendfile", -22, [6, 5, At, 50]).In(Words(ulong.MaxValue))));
        byte[] name = RecordMaker.With(Make("getsockname", 0, [7, At, At + 256]), At + 256, Ints(4));
        Assert.Equal("getsockname(7, {sa_family=AF_INET, sa_data=\"\\2009\"}, [4 => 16]) = 0",
            Text(RecordMaker.With(name, At + 256, Ints(16), CapturePhase.Exit).Out([2, 0, 0x80, (byte)'9', 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])));
        Assert.Equal("getsockname(7, 0x7f0000001000, [4]) = -1 EBADF (Bad file descriptor)", Text(RecordMaker.With(Make("getsockname", -9, [7, At, At + 256]), At + 256, Ints(4))));
        Assert.Equal("sendfile(6, 5, 0x7f0000001000 => [60], 50) = 50", Text(Make("sendfile", 50, [6, 5, At, 50]).Out(Words(60))));
    }

    [Fact]
    public void Structures()
    {
        byte[] handle = RecordMaker.With(Make("name_to_handle_at", -75, [unchecked((ulong)-100), 0, At, 0, 0]).In(Ints(0, 7)), At, Ints(8, 7), CapturePhase.Exit);
        Assert.Equal("name_to_handle_at(AT_FDCWD, NULL, {handle_bytes=0 => 8}, NULL, 0) = -1 EOVERFLOW (Value too large for defined data type)", Text(handle));
        Assert.Equal("set_thread_area({entry_number=-1 => 13, base_addr=0x1000, limit=0xfffff, bits=0x51}) = 0",
            Text(Make("set_thread_area", 0, [0x10000000], Abi.Ia32).Exchange(0x10000000, Ints(-1, 0x1000, 0xfffff, 0x51), Ints(13, 0x1000, 0xfffff, 0x51))));
        Assert.Equal("get_thread_area({entry_number=13, base_addr=0x1000, limit=0xfffff, bits=0x51}) = 0",
            Text(Make("get_thread_area", 0, [0x10000000], Abi.Ia32).Exchange(0x10000000, Ints(13, 0, 0, 0), Ints(13, 0x1000, 0xfffff, 0x51))));
        Assert.Equal("get_thread_area({entry_number=999}) = -1 EINVAL (Invalid argument)", Text(Make("get_thread_area", -22, [At]).In(Ints(999, 1, 2, 3))));
        Assert.Contains("\"l_type\":{\"before\":\"F_WRLCK\",\"after\":\"F_UNLCK\"}", Json(Make("fcntl", 0, [3, 5, At]).In(new byte[32].With(0, 1)).Out(new byte[32].With(0, 2))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16, "msg_namelen=100 => 16", "{\"before\":100,\"after\":16}")]
    [InlineData(100, "msg_namelen=100", "100")]
    public void LengthsOfMessages(int left, string text, string json)
    {
        byte[] call = Make("recvmsg", 0, [3, At, 0]).In(Words(0, 100, 0, 0, 0, 64)).Out(Words(0, (ulong)left, 0, 0, 0, 0, 0));
        Assert.Equal($"recvmsg(3, {{msg_name=NULL, {text}, msg_iov=NULL, msg_iovlen=0, msg_controllen=0, msg_flags=0}}, 0) = 0", Text(call));
        Assert.Contains($"\"msg_namelen\":{json},", Json(call), StringComparison.Ordinal);
        Assert.Contains("\"msg_controllen\":{\"before\":64,\"after\":0}", Json(call), StringComparison.Ordinal);
        Assert.Equal("recvmsg(3, {msg_namelen=100}, 0) = -1 EAGAIN (Resource temporarily unavailable)", Text(Make("recvmsg", -11, [3, At, 0]).In(Words(0, 100, 0, 0, 0, 64))));
    }

    [Fact]
    public void WhatIsLeftOfASleepIsWrittenWhenASignalEndsItAlone()
    {
        byte[] sleep = Make("nanosleep", -516, [At, At + 64]).In(Words(5, 0));
        Assert.Equal("nanosleep({tv_sec=5, tv_nsec=0}, {tv_sec=4, tv_nsec=1}) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)", Text(RecordMaker.With(sleep, At + 64, Words(4, 1), CapturePhase.Exit)));
        byte[] refused = Make("nanosleep", -22, [At, At + 64]).In(Words(5, ulong.MaxValue));
        Assert.Equal("nanosleep({tv_sec=5, tv_nsec=18446744073709551615}, 0x7f0000001040) = -1 EINVAL (Invalid argument)", Text(RecordMaker.With(refused, At + 64, Words(4, 1), CapturePhase.Exit)));
    }
}
