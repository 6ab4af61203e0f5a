using Scry.Cli.Launch;

namespace Scry.Cli.Bench;

/// <summary>Signals that end a bench: they are caught, so that everything can be put away first.</summary>
internal static class Interrupts
{
    private static int s_signal;

    /// <summary>The last that came; 0: none.</summary>
    public static int Signal => s_signal;

    /// <summary>Catches them from here on.</summary>
    public static void Catch() => Launch.NativeMethods.CatchSignals();

    /// <summary>Ends what is going on when a signal has come, now or before.</summary>
    /// <exception cref="InterruptedException">One has.</exception>
    public static void ThrowIfAny()
    {
        int signal = Launch.NativeMethods.TakeSignal();
        if (signal != 0)
            s_signal = signal;
        if (s_signal != 0)
            throw new InterruptedException(s_signal);
    }

    /// <summary>Waits, unless a signal comes.</summary>
    /// <exception cref="InterruptedException">One did.</exception>
    public static void Pause(int milliseconds)
    {
        ThrowIfAny();
        Thread.Sleep(milliseconds);
    }
}
