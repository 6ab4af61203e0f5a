using System.Text.Json;
using System.Text.RegularExpressions;
using Scry.Syscalls;
using Scry.Views;
using Scry.Wire;
using Xunit;
using Encoding = System.Text.Encoding;
using static Scry.Tests.Unit.Views.RecordMaker;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Views;

/// <summary>Times that are ticks of the kernel: nothing that is shown is finer than they are, and nothing is reckoned with them.</summary>
public sealed partial class CoarseTests
{
    private const ulong Begin = 12_345_678_901, Took = 2_000_000;

    private static byte[] Coarse => Call(Getppid, 1, 0, Begin + Took, Took, flags: CallFlags.Coarse);

    public static TheoryData<TimeStyle> Styles => [.. Enum.GetValues<TimeStyle>().Where(style => style != TimeStyle.None)];

    [Theory]
    [MemberData(nameof(Styles))]
    public void No_style_of_time_has_digits_finer_than_the_clock(TimeStyle style)
    {
        string line = Show(output => new LineView(new Decoder(), output, new() { Time = style }), Coarse);
        Assert.DoesNotMatch(Finer(), line);
        Assert.Equal(style != TimeStyle.Seconds, Finer().IsMatch(Show(output => new LineView(new Decoder(), output, new() { Time = style }), Call(Getppid, 1, 0, Begin + Took, Took))));
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public void Of_a_recorder_without_exact_times_all_lines_have_the_same_digits(TimeStyle style)
    {
        string text = Show(output => new LineView(new Decoder(), output, new() { Time = style, Coarse = true, Duration = true }),
            Coarse, Signal(1, 1, Begin + 3_456_789, 17, 1), Exit(1, 2, Begin + 4_567_891, 0));
        Assert.DoesNotMatch(Finer(), text);
        Assert.Contains("<~0.00>", text);
    }

    [Fact]
    public void Json_has_no_duration_and_a_time_of_two_decimals()
    {
        using JsonDocument call = JsonDocument.Parse(Show(output => new JsonView(new Decoder(), output, 0, null), Coarse).Split('\n')[0]);
        Assert.Matches(@"^""?12\.34""?$", call.RootElement.GetProperty("time").GetRawText());
        Assert.True(call.RootElement.GetProperty("coarse").GetBoolean());
        Assert.False(call.RootElement.TryGetProperty("duration", out _));
        Assert.Equal(0, call.RootElement.GetProperty("duration_about").GetInt64());
    }

    [Fact]
    public void A_call_whose_begin_was_not_seen_has_an_exact_end() =>
        Assert.Contains("12.345678901", Show(output => new JsonView(new Decoder(), output, 0, null), Call(Getppid, 1, 0, Begin, flags: CallFlags.Coarse | CallFlags.NoEntry)));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_table_has_no_times_when_the_recorder_has_none_or_any_call(bool known)
    {
        string text = Show(output => new SummaryView(new Decoder(), output, known), known ? [Call(Getppid, 1, 0, 5, 3)] : [Call(Getppid, 1, 0, 5, 3), Coarse]);
        Assert.DoesNotContain("time ", text);
        Assert.DoesNotContain("usecs", text);
        Assert.Matches(@"(?m)^ +[12]  +getppid$", text);
        Assert.Contains("with -T", text.TrimEnd().Split('\n')[^1]);
    }

    // More than two decimals.
    [GeneratedRegex(@"\.\d{3}")]
    private static partial Regex Finer();

    private static string Show(Func<OutputWriter, IRecordView> make, params byte[][] records)
    {
        using var stream = new MemoryStream();
        using OutputWriter output = OutputWriter.To(stream, lineBuffered: false);
        IRecordView view = make(output);
        foreach (byte[] record in records)
            view.Write(record);
        view.Finish(new RunSummary(1, []));
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
