using System.Globalization;

namespace Scry.Cli.CommandLine;

/// <summary>Durations, sizes and counts as people write them.</summary>
internal static class Quantity
{
    private static readonly (string Unit, double Nanoseconds)[] TimeUnits =
    [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("min", 60e9), ("h", 3600e9),
    ];

    private static readonly (string Unit, long Bytes)[] SizeUnits =
        [("", 1), ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("KB", 1L << 10), ("MB", 1L << 20), ("GB", 1L << 30)];

    /// <summary>A duration in nanoseconds: <c>200ms</c>, <c>1.5s</c>, <c>10us</c>.</summary>
    /// <param name="option">The option that it is the value of.</param>
    /// <param name="text">The value.</param>
    /// <param name="bareUnit">The unit of a number without one; null when it needs one.</param>
    /// <exception cref="ToolException">It is not a duration, or it is zero.</exception>
    public static ulong Duration(string option, string text, string? bareUnit)
    {
        (string number, string unit) = Split(text);
        if (unit.Length == 0 && bareUnit is not null)
            unit = bareUnit;
        double scale = TimeUnits.FirstOrDefault(known => known.Unit == unit).Nanoseconds;
        if (scale == 0 || !TryNumber(number, out double value) || value * scale is < 1 or > long.MaxValue)
            throw Wrong(option, text, "a duration", "write 200ms, 1.5s, 10us");
        return (ulong)(value * scale);
    }

    /// <summary>A size in bytes: <c>65536</c>, <c>64K</c>, <c>4M</c>.</summary>
    /// <exception cref="ToolException">It is not a size, or it is zero.</exception>
    public static long Size(string option, string text)
    {
        (string number, string unit) = Split(text);
        long scale = SizeUnits.FirstOrDefault(known => known.Unit == unit.ToUpperInvariant()).Bytes;
        if (scale == 0 || !TryNumber(number, out double value) || value * scale is < 1 or > 1L << 40)
            throw Wrong(option, text, "a size", "write 65536, 512K, 4M");
        return (long)(value * scale);
    }

    /// <summary>A whole number from <paramref name="min"/> to <paramref name="max"/>.</summary>
    /// <exception cref="ToolException">It is not one.</exception>
    public static long Count(string option, string text, long min, long max)
    {
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) || value < min || value > max)
            throw Wrong(option, text, "a number", $"write one from {min} to {max}");
        return value;
    }

    /// <summary>A share from 0.01 % to 100 %, as a number from 0 to 1: <c>1%</c>, <c>0.5%</c>.</summary>
    /// <exception cref="ToolException">It is not one.</exception>
    public static double Share(string option, string text)
    {
        (string number, string unit) = Split(text);
        if (unit != "%" || !TryNumber(number, out double percent) || percent is < 0.01 or > 100)
            throw Wrong(option, text, "a share", "write 1%, 0.5%: from 0.01% to 100%");
        return percent / 100;
    }

    private static (string Number, string Unit) Split(string text)
    {
        int end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
            end++;
        return (text[..end], text[end..].Trim());
    }

    private static bool TryNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);

    private static ToolException Wrong(string option, string text, string what, string hint) =>
        new($"{option}: '{Printable.Escape(text)}' is not {what}", hint, ExitCode.Usage);
}
