using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Scry.Syscalls;
using Scry.Wire;
using Xunit;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>
/// What strace 6.1 said of real calls (strace-6.1.txt), held against Scry's text of the same calls: plans, captures and
/// decoding together.
/// </summary>
public sealed partial class StraceTests
{
    private const int Mapped = 0x3000;
    private static readonly string[] s_blocks = Blocks();

    public static TheoryData<string> Cases => [.. s_blocks];

    [Theory]
    [MemberData(nameof(Cases))]
    public void SaysWhatStraceSaid(string block)
    {
        (byte[] record, DecoderOptions options, string says) = Parse(block);
        Assert.Equal(says, Calls.Text(record, new Decoder(options)));
        Calls.Parse(Encoding.Latin1.GetBytes(Calls.Json(record, new Decoder(options)))).Dispose();
    }

    private static string[] Blocks()
    {
        using Stream stream = typeof(StraceTests).Assembly.GetManifestResourceStream("strace-6.1.txt")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split("\n\n").Select(block => block.Trim()).Where(block => block.StartsWith("call ", StringComparison.Ordinal))];
    }

    private static (byte[] Record, DecoderOptions Options, string Says) Parse(string block)
    {
        string[] lines = block.Split('\n'), call = lines[0].Split(' ');
        Abi abi = call[1] == "ia32" ? Abi.Ia32 : Abi.X86_64;
        ulong start = abi == Abi.Ia32 ? 0x10001000u : Calls.At;
        byte[] entry = new byte[Mapped];
        byte[]? exit = null;
        var options = new DecoderOptions();
        long result = 0;
        string says = "";
        foreach (string line in lines.Skip(1))
        {
            string[] words = line.Split(' ', 3);
            switch (words[0])
            {
                case "options":
                    options = words[1] == "-v" ? options with { Abbreviate = false } : options with { StringLimit = int.Parse(words[2], CultureInfo.InvariantCulture) };
                    break;
                case "in":
                    Bytes(words[2]).CopyTo(entry, (int)(Hex(words[1]) - start));
                    break;
                case "out":
                    Bytes(words[2]).CopyTo(exit ??= [.. entry], (int)(Hex(words[1]) - start));
                    break;
                case "result":
                    result = long.Parse(words[1], CultureInfo.InvariantCulture);
                    break;
                default:
                    says = line["says ".Length..];
                    break;
            }
        }
        byte[] record = new Capturer(options.StringLimit).Record(
            call[2], abi, [.. call.Skip(3).Select(Hex)], result, new Memory(start, entry), new Memory(start, exit ?? entry));
        return (record, options, says);
    }

    private static ulong Hex(string number) => ulong.Parse(number.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static byte[] Bytes(string text) => !text.StartsWith('"') ? Convert.FromHexString(text)
        : Encoding.Latin1.GetBytes(EscapedByte().Replace(text[1..^1], match => ((char)Convert.ToByte(match.Groups[1].Value, 16)).ToString()));

    [GeneratedRegex(@"\\x([0-9a-f]{2})")]
    private static partial Regex EscapedByte();
}
