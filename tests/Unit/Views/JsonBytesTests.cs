using System.Globalization;
using System.Text;
using System.Text.Json;
using Scry.Syscalls;
using Scry.Tests.Unit.Syscalls;
using Scry.Views;
using Scry.Wire;
using Xunit;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Views;

/// <summary>JSON gives back the bytes, and the numbers, that went in.</summary>
public sealed class JsonBytesTests
{
    // As docs/JSON.md says to read it.
    private static byte[] Back(string text)
    {
        var bytes = new List<byte>();
        foreach (Rune rune in text.EnumerateRunes())
            bytes.AddRange(rune.Value is >= 0xef80 and <= 0xefff ? [(byte)rune.Value] : Encoding.UTF8.GetBytes(rune.ToString()));
        return [.. bytes];
    }

    private static byte[] Value(string call, string argument)
    {
        JsonElement value = Calls.Parse(Encoding.Latin1.GetBytes(call)).RootElement.GetProperty("args").GetProperty(argument);
        return value.ValueKind == JsonValueKind.String ? Encoding.UTF8.GetBytes(value.GetString()!) : value.GetProperty("base64").GetBytesFromBase64();
    }

    [Theory]
    [InlineData("61c3a4", 3, "{\"text\":\"aä\",\"cut\":true}")]
    [InlineData("61c3a4", 2, "{\"text\":\"a\",\"cut\":true}")] // in the midst of a character
    [InlineData("61f09f9880", 4, "{\"text\":\"a\",\"cut\":true}")]
    [InlineData("61ff62", 3, "{\"base64\":\"Yf9i\",\"cut\":true}")]
    public void TextThatIsCutEndsWithItsLastWholeCharacter(string hex, int limit, string json)
    {
        byte[] write = Calls.Make("write", 9, [1, Calls.At, 9]).In(Convert.FromHexString(hex));
        Assert.Contains(json, Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(Calls.Json(write, new Decoder(new DecoderOptions { StringLimit = limit })))), StringComparison.Ordinal);
    }

    public static TheoryData<byte[]> Texts()
    {
        var texts = new TheoryData<byte[]>();
        for (int value = 0; value < 256; value++)
            texts.Add([(byte)value]);
        foreach (string hex in new[]
        {
            "c3", "c3a4", "e282", "e282ac", "f09f98", "f09f9880", "61f09f98", // cut in mid-character
            "c080", "c1bf", "e08080", "f0808080", // overlong
            "eda080", "edb080", "edbfbf", "eda0bdedb880", // surrogates
            "f4908080", "f8888080", "fffe", // beyond the last
            "ee", "eebe", "eebe7f", "eebe80", "eebebf", "eebf80", "eebfbf", "ef8080", "eebd bf".Replace(" ", ""), // about the range that stands for bytes
            "c2ad", "d89c", "e2808b", "e2808f", "e280aa", "e280ae", "e281a6", "e281a9", "f3a08081", "f3a081bf", "efbbbf", // not seen
            "225c2f080c0a0d0900", "efbfbd", "efbfbf",
        })
        {
            texts.Add(Convert.FromHexString(hex));
        }
        return texts;
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void EveryByteComesBack(byte[] text)
    {
        byte[] framed = [(byte)'a', .. text, (byte)'z'];
        Assert.Equal(framed, Back(Written(to => Quote.Json(to, framed)).GetString()!));
        Assert.Equal(framed, ByteText.Bytes(ByteText.Of(framed)));
        Assert.Equal(framed, Back(Written(to => Quote.Json(to, ByteText.Of(framed))).GetString()!));
        // What a program wrote and a path that it opened: text, or base64. The thread's name, its cgroup.
        byte[] write = Calls.Make("write", 1, [1, Calls.At, (ulong)framed.Length]).In(framed);
        Assert.Equal(framed, Value(Calls.Json(write), "buf"));
        if (text.Contains((byte)0))
            return;
        byte[] chdir = Calls.Make("chdir", 0, [Calls.At]).In([.. framed, 0]);
        Assert.Equal(framed, Value(Calls.Json(chdir), "path"));
        JsonElement line = Line(framed);
        Assert.Equal(framed, Back(line.GetProperty("comm").GetString()!));
        Assert.Equal(framed, Back(line.GetProperty("cgroup").GetString()!));
    }

    [Fact]
    public void NothingThatSteersATerminalOrIsNotSeenStandsInIt()
    {
        int[] unseen = [.. Enumerable.Range(0, 0x20), .. Enumerable.Range(0x7f, 0x21), 0xad, 0x61c, .. Enumerable.Range(0x200b, 5), .. Enumerable.Range(0x202a, 5),
            .. Enumerable.Range(0x2066, 4), .. Enumerable.Range(0xe0001, 0x7f)];
        foreach (int value in unseen)
        {
            string text = char.ConvertFromUtf32(value);
            var to = new Utf8Buffer();
            Quote.Json(to, Encoding.UTF8.GetBytes(text));
            Assert.DoesNotContain(to.Written.ToArray(), b => b is < 0x20 or >= 0x7f);
            Assert.Equal(text, JsonDocument.Parse(to.Written.ToArray()).RootElement.GetString());
        }
    }

    [Theory]
    [InlineData(9007199254740992, JsonValueKind.Number)]
    [InlineData(9007199254740993, JsonValueKind.String)]
    [InlineData(-9007199254740993, JsonValueKind.String)]
    [InlineData(long.MinValue, JsonValueKind.String)]
    [InlineData(-1, JsonValueKind.Number)]
    public void NumbersThatReadersWouldChangeAreText(long value, JsonValueKind kind)
    {
        JsonElement args = Calls.Parse(Encoding.Latin1.GetBytes(Calls.Json(Calls.Make("lseek", value == -1 ? 0 : value, [3, (ulong)value, 0])))).RootElement;
        Assert.Equal(kind, args.GetProperty("args").GetProperty("offset").ValueKind);
        Assert.Equal(value.ToString(CultureInfo.InvariantCulture), args.GetProperty("args").GetProperty("offset").ToString());
        Assert.Equal(value == -1 ? JsonValueKind.Number : kind, args.GetProperty("result").ValueKind);
    }

    [Fact]
    public void ATimeKeepsItsNanoseconds() => Assert.Equal("1700000001.000000005", Line("sh"u8.ToArray()).GetProperty("time").GetString());

    private static JsonElement Written(Action<Utf8Buffer> write)
    {
        var to = new Utf8Buffer();
        write(to);
        return JsonDocument.Parse(to.Written.ToArray()).RootElement;
    }

    private static JsonElement Line(byte[] name)
    {
        using var stream = new MemoryStream();
        using OutputWriter output = OutputWriter.To(stream, lineBuffered: false);
        var view = new JsonView(new Decoder(), output, 1_700_000_000_000_000_000, _ => ByteText.Of(name));
        byte[] task = RecordMaker.Task(42, 0, 1_000_000_005, "");
        ref TaskRecord record = ref System.Runtime.InteropServices.MemoryMarshal.AsRef<TaskRecord>(task.AsSpan());
        name.CopyTo(record.Comm);
        view.Write(task);
        view.Finish(default);
        return JsonDocument.Parse(Encoding.UTF8.GetString(stream.ToArray()).Split('\n')[0]).RootElement;
    }
}
