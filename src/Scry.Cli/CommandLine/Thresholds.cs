using System.Globalization;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Cli.CommandLine;

/// <summary>How long calls must take to be shown: all as long, each its own, or longer than is usual of it.</summary>
internal sealed record Thresholds
{
    private const ulong Default = 100_000_000;

    /// <summary>Nanoseconds, of calls that are not named; 0: those are not shown.</summary>
    public ulong ForAll { get; init; }
    /// <summary>Of named calls: a selection as -e has it, and nanoseconds.</summary>
    public IReadOnlyList<(string Calls, ulong Over)> Named { get; init; } = [];
    /// <summary>The share of calls that are as usual, from 0 to 1; null: thresholds are given.</summary>
    public double? Percentile { get; init; }

    /// <summary>Reads <c>200ms</c>, <c>futex=5s,openat=10ms,1s</c>, <c>p99.9</c>.</summary>
    /// <exception cref="ToolException">It is none of them.</exception>
    public static Thresholds Parse(string? text)
    {
        if (text is null)
            return new Thresholds { ForAll = Default };
        if (text is ['p', >= '0' and <= '9', ..])
            return new Thresholds { Percentile = ParsePercentile(text) };
        ulong forAll = 0;
        var named = new List<(string, ulong)>();
        foreach (string part in text.Split(','))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                // A name that is none is told at once.
                SyscallSelector.Parse([part[..equals]]);
                named.Add((part[..equals], Quantity.Duration("--over", part[(equals + 1)..], "ms")));
                continue;
            }
            if (forAll != 0)
                throw new ToolException($"--over: '{Printable.Escape(text)}' has two durations for the same calls", "write 200ms, or futex=5s,openat=10ms", ExitCode.Usage);
            forAll = Quantity.Duration("--over", part, "ms");
        }
        return new Thresholds { ForAll = forAll, Named = named };
    }

    private static double ParsePercentile(string text) =>
        double.TryParse(text.AsSpan(1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is >= 50 and < 100
            ? percent / 100
            : throw new ToolException($"--over: '{Printable.Escape(text)}' is not a percentile", "write p99, p99.9, from p50 on", ExitCode.Usage);

    /// <summary>Whether all calls have the same threshold.</summary>
    public bool IsUniform => Named.Count == 0 && Percentile is null;

    /// <summary>The shortest that is given.</summary>
    public ulong Shortest => Named.Select(name => name.Over).Append(ForAll).Where(over => over > 0).DefaultIfEmpty(Default).Min();

    /// <summary>Nanoseconds by the places of plans; null when they are <see cref="ForAll"/> for all.</summary>
    /// <remarks>Of calls that several parts name the last one counts.</remarks>
    public IReadOnlyList<ulong>? ByPlace()
    {
        if (IsUniform)
            return null;
        ulong[] overs = new ulong[Layout.AbiCount * Layout.MaxNr];
        Array.Fill(overs, ForAll == 0 ? ulong.MaxValue : ForAll);
        foreach ((string calls, ulong over) in Named)
        {
            CapturePlan[] plans = CapturePlans.Of(SyscallSelector.Parse([calls]), payload: true);
            for (int place = 0; place < plans.Length; place++)
            {
                if ((plans[place].Flags & PlanFlags.Selected) != 0)
                    overs[place] = over;
            }
        }
        return overs;
    }
}
