namespace Scry.Cli.Launch;

/// <summary>The person has had enough.</summary>
/// <param name="signal">What was sent.</param>
internal sealed class InterruptedException(int signal) : Exception("interrupted")
{
    /// <summary>The signal's number.</summary>
    public int Signal { get; } = signal;
}

/// <summary>The signals that a run gets: when they end it, how long it waits for its command, and with what status it ends.</summary>
internal sealed class RunSignals
{
    // Ctrl-C reaches the command too: the first is its own, the second ends the run though it runs on.
    private const int SignalsToAbandon = 2;
    private const int WaitMs = 10;

    private int _seen, _last;

    /// <summary>From now on signals are noted, and end nothing by themselves.</summary>
    public RunSignals() => NativeMethods.CatchSignals();

    /// <summary>Whether signals ask for the run's end. To be asked some times in a second.</summary>
    /// <param name="command">The command that is to see the first one; null: there is none.</param>
    public bool AskForEnd(TracedCommand? command)
    {
        Note();
        NativeMethods.Reap();
        return _seen >= (command is null ? 1 : SignalsToAbandon);
    }

    /// <summary>Lets the command begin, unless a signal came before: it reached the command's process too, or was to.</summary>
    /// <exception cref="InterruptedException">One did.</exception>
    /// <exception cref="ToolException">Its process was killed before it began.</exception>
    public void Go(TracedCommand? command)
    {
        if (command is null)
            return;
        Note();
        bool went = _seen == 0 && command.TryGo();
        Note();
        if (!went)
            throw _seen > 0 ? new InterruptedException(_last) : command.Killed();
    }

    /// <summary>Waits for the command: a limit or a full disk ends the run, not the command; a second signal ends the waiting for it.</summary>
    /// <returns>The run's exit status.</returns>
    public int WaitFor(TracedCommand? command)
    {
        while (command is not null && !command.HasEnded() && _seen < SignalsToAbandon)
        {
            Note();
            Thread.Sleep(WaitMs);
        }
        return command is null ? ExitCode.Ok : command.Status ?? ExitCode.SignalBase + _last;
    }

    // Those that came close together count as one: timeout(1) sends two.
    private void Note()
    {
        int signal = NativeMethods.TakeSignal();
        if (signal == 0)
            return;
        _last = signal;
        _seen++;
    }
}
