namespace Scry.Views;

/// <summary>
/// What the clock on the wall showed at instants of CLOCK_MONOTONIC. It may be set at any time, and it goes on while the machine
/// sleeps, when the other stands still.
/// </summary>
/// <param name="offset">Nanoseconds to add to CLOCK_MONOTONIC before the first step.</param>
public sealed class WallClock(long offset)
{
    /// <summary>Readings of two clocks at one instant are not nearer than that on a busy machine.</summary>
    private const long Unsure = 1_000_000;
    /// <summary>A hostile file can tell of steps without end.</summary>
    private const int Capacity = 4096;

    private readonly List<(ulong Since, long Offset)> _steps = [(0, offset)];

    /// <summary>A clock that is never set.</summary>
    public static implicit operator WallClock(long offset) => new(offset);

    /// <summary>Takes note of the offset that holds since an instant, later than those before.</summary>
    /// <returns>Whether it is another one than before.</returns>
    public bool Step(ulong since, long offset)
    {
        (ulong before, long last) = _steps[^1];
        if (since < before || _steps.Count >= Capacity || Math.Abs((decimal)offset - last) < Unsure)
            return false;
        _steps.Add((since, offset));
        return true;
    }

    /// <summary>Nanoseconds since the epoch.</summary>
    public ulong Wall(ulong time)
    {
        int i = _steps.Count - 1;
        while (i > 0 && _steps[i].Since > time)
            i--;
        return time + (ulong)_steps[i].Offset;
    }
}
