using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views.Timeline;

/// <summary>Words for what a thread did.</summary>
internal static class TimelineState
{
    private const uint Uninterruptible = 0x2, Stopped = 0x4 | 0x8; // TASK_UNINTERRUPTIBLE, __TASK_STOPPED, __TASK_TRACED

    /// <summary>What a thread is that left its CPU of itself.</summary>
    /// <param name="state"><c>task_struct.__state</c> then.</param>
    /// <param name="flags">The span's.</param>
    public static ReadOnlySpan<byte> Name(uint state, SpanFlags flags) =>
        (flags & SpanFlags.Io) != 0 ? "blocked: I/O"u8
        : (state & Stopped) != 0 ? "stopped"u8
        : (state & Uninterruptible) != 0 ? "blocked, not to be interrupted"u8
        : "blocked"u8;

    /// <summary>How a thread ended.</summary>
    public static void Exit(Utf8Buffer to, uint detail)
    {
        var status = new ExitStatus(detail);
        if (status.Signal == 0)
        {
            to.Append("exited with "u8);
            to.AppendDecimal((long)status.Code);
            return;
        }
        to.Append("killed by "u8);
        SignalNames.Append(to, status.Signal);
    }

    /// <summary>That records are missing.</summary>
    public static void Gap(Utf8Buffer to, uint missing)
    {
        to.AppendDecimal((ulong)missing);
        to.Append(missing == 1 ? " record lost"u8 : " records lost"u8);
    }
}

/// <summary>A span's times in their order, whatever the record says: it may be hostile.</summary>
internal readonly struct SpanTimes
{
    public SpanTimes(in SpanRecord span, ulong since)
    {
        Flags = (SpanFlags)span.Header.Flags;
        ulong time = span.Header.Time;
        Left = span.Left == 0 ? 0 : Math.Min(Math.Max(span.Left, since), time);
        Woken = span.Woken == 0 || (Flags & SpanFlags.Preempted) != 0 ? 0 : Math.Min(Math.Max(span.Woken, Left), time);
    }

    /// <summary>0: not seen.</summary>
    public ulong Left { get; }
    /// <summary>0: not seen, or it was preempted.</summary>
    public ulong Woken { get; }
    public SpanFlags Flags { get; }
}
