using Scry.Syscalls;

namespace Scry.Views;

/// <summary>Writes times of CLOCK_MONOTONIC as a clock on the wall shows them.</summary>
internal sealed class TimeText(WallClock clock)
{
    /// <summary>Why there are no times, and what to do.</summary>
    public const string WhyCoarse = "no times: the recorder kept the kernel's ticks alone; one that is started with -T keeps exact ones";
    /// <summary>Why a table has no times where calls were seen at their exit alone.</summary>
    public const string WhyUntimed = "no times: calls were seen at their exit alone (--no-durations, --capture exit)";

    /// <summary>Decimals of a second that are not finer than a tick of the kernel (<see cref="Wire.CallRecord.LongestTick"/>).</summary>
    public const int CoarseDecimals = 2;

    private const int Decimals = 6;
    private const ulong Second = 1_000_000_000;
    private const long QuarterHour = 900;

    private long _quarter = long.MinValue;
    private long _zoneOffset;
    private ulong _lineBefore;

    /// <summary>The time in the given style, and a space; of a coarse one no digits finer than the clock.</summary>
    /// <param name="to">Where.</param>
    /// <param name="style">How.</param>
    /// <param name="time">Nanoseconds of CLOCK_MONOTONIC.</param>
    /// <param name="coarse">Whether it is one of the kernel's ticks.</param>
    /// <param name="decimals">Of its seconds; null: as the style has them.</param>
    /// <param name="relative">Decimals of the time since the line before, which stands beside it; null: it does not.</param>
    public void Write(Utf8Buffer to, TimeStyle style, ulong time, bool coarse, int? decimals = null, int? relative = null)
    {
        int most = coarse ? CoarseDecimals : 9, shown = Math.Min(most, decimals ?? (style == TimeStyle.Seconds ? 0 : Decimals));
        if (style == TimeStyle.Relative)
            (style, relative) = (TimeStyle.None, shown);
        if (style is TimeStyle.Seconds or TimeStyle.Microseconds)
        {
            WriteLocal(to, Wall(time) / Second);
            Fraction(to, Cut(Wall(time) % Second, shown), shown);
        }
        else if (style == TimeStyle.Unix)
        {
            WriteSeconds(to, Wall(time), shown);
        }
        if (relative is { } digits)
        {
            to.Append(style == TimeStyle.None ? ""u8 : " (+"u8);
            WriteRelative(to, time, Math.Min(most, digits));
            to.Append(style == TimeStyle.None ? ""u8 : ")"u8);
        }
        if (style != TimeStyle.None || relative is not null)
            to.Append((byte)' ');
    }

    /// <summary>Nanoseconds since the epoch.</summary>
    public ulong Wall(ulong time) => clock.Wall(time);

    /// <summary>Nanoseconds as seconds with the given number of decimals, 0 to 9.</summary>
    public static void WriteSeconds(Utf8Buffer to, ulong nanoseconds, int decimals)
    {
        to.AppendDecimal(nanoseconds / Second);
        Fraction(to, Cut(nanoseconds % Second, decimals), decimals);
    }

    private static ulong Cut(ulong fraction, int decimals)
    {
        for (int i = decimals; i < 9; i++)
            fraction /= 10;
        return fraction;
    }

    // Calls come in order of their ends: one may have begun before the line above it.
    private void WriteRelative(Utf8Buffer to, ulong time, int decimals)
    {
        long delta = _lineBefore == 0 ? 0 : (long)(time - _lineBefore);
        _lineBefore = time;
        // Times of a recording are hostile: the smallest number has no absolute value.
        ulong size = delta < 0 ? 0 - (ulong)delta : (ulong)delta;
        ulong seconds = size / Second;
        int width = 6 - (delta < 0 ? 1 : 0);
        for (ulong bound = 10; width > 1; width--, bound *= 10)
        {
            if (seconds < bound)
                to.Append((byte)' ');
        }
        if (delta < 0)
            to.Append((byte)'-');
        WriteSeconds(to, size, decimals);
    }

    private void WriteLocal(Utf8Buffer to, ulong unixSeconds)
    {
        long seconds = (long)unixSeconds;
        // Zones change their offset on quarters of an hour at most.
        if (seconds / QuarterHour != _quarter)
        {
            _quarter = seconds / QuarterHour;
            _zoneOffset = seconds is > 0 and < 253_402_300_800
                ? (long)TimeZoneInfo.Local.GetUtcOffset(DateTimeOffset.FromUnixTimeSeconds(seconds)).TotalSeconds
                : 0;
        }
        ulong day = (ulong)(seconds + _zoneOffset) % 86400;
        TwoDigits(to, day / 3600);
        to.Append((byte)':');
        TwoDigits(to, day / 60 % 60);
        to.Append((byte)':');
        TwoDigits(to, day % 60);
    }

    private static void TwoDigits(Utf8Buffer to, ulong value)
    {
        to.Append((byte)('0' + value / 10));
        to.Append((byte)('0' + value % 10));
    }

    private static void Fraction(Utf8Buffer to, ulong value, int digits)
    {
        if (digits == 0)
            return;
        Span<byte> text = stackalloc byte[10];
        text[0] = (byte)'.';
        for (int i = digits; i > 0; i--, value /= 10)
            text[i] = (byte)('0' + value % 10);
        to.Append(text[..(digits + 1)]);
    }
}
