using System.Diagnostics;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Launch;
using Scry.Cli.Tracing;
using Scry.Views;
using Scry.Views.Top;
using Scry.Wire;

namespace Scry.Cli.Top;

/// <summary>One run of <c>scry top</c>: a full screen, or tables as text.</summary>
internal sealed class TopRun : IDisposable
{
    private const int WaitMs = 100, CommandWaitMs = 10;
    /// <summary>Time from new counters to their first table.</summary>
    private const int FirstMs = 250;

    private readonly TopArguments _arguments;
    private readonly TraceTarget _target;
    private readonly SessionOptions _what;
    private readonly TracedCommand? _command;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly RunSignals _signals = new();

    /// <summary>Looks everything up and makes the command's process; nothing is attached yet.</summary>
    /// <exception cref="ToolException">Something that was asked for cannot be had.</exception>
    public TopRun(TopArguments arguments)
    {
        _arguments = arguments;
        _target = TraceTarget.Resolve(arguments.Trace);
        _what = TraceRun.Options(arguments.Trace, _target);
        if (arguments.Trace.Target == TargetChoice.Command)
            _command = TracedCommand.Start(arguments.Trace.Names, new CommandSettings { NoTerminal = arguments.Batch is null });
    }

    /// <summary>Refuses what a full screen cannot be drawn on.</summary>
    /// <exception cref="ToolException">Standard output is no terminal.</exception>
    public static void RequireTerminal()
    {
        if (NativeMethods.IsTerminal(1) == 0)
            throw new ToolException("standard output is not a terminal", "'scry top --batch N' prints N tables as text", ExitCode.Usage);
        if (Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb")
            throw new ToolException("the terminal cannot show a full screen (TERM is dumb or not set)", "'scry top --batch N' prints N tables as text", ExitCode.Usage);
    }

    /// <summary>Shows until the person, the target, a limit or a signal ends it.</summary>
    /// <returns>The exit status.</returns>
    public int Run()
    {
        bool hasQuit = _arguments.Batch is null ? RunScreen() : RunBatch();
        _command?.ThrowIfNotExecuted();
        if (hasQuit && _command is not null && !_command.HasEnded())
        {
            Runner.Say($"'{Printable.Escape(_arguments.Trace.Names[0])}' runs on as process {_command.Pid}");
            return ExitCode.Ok;
        }
        return _signals.WaitFor(_command);
    }

    /// <summary>Ends a command that never began.</summary>
    public void Dispose() => _command?.Dispose();

    private TopSettings Settings() => new()
    {
        Dimensions = _arguments.Sort,
        Order = _arguments.Order,
        Target = TargetText(_arguments.Trace),
        Glyphs = HasUtf8() ? Glyphs.Unicode : Glyphs.Ascii,
    };

    /// <summary>Whether the person left by a key.</summary>
    private bool RunScreen()
    {
        var model = new TopModel(Settings());
        using var counters = new TopCounters(_what, TopDimensions.By(_arguments.Sort), _target, _command);
        try
        {
            using Screen screen = Screen.Open(_arguments.Trace.Color ?? true);
            _signals.Go(_command);
            Loop(model, counters, screen);
        }
        catch (TerminalGoneException)
        {
            // As with SIGHUP: nobody is left to be told.
        }
        if (!model.HasQuit && counters.HasEnded && !_signals.AskForEnd(null))
            Runner.Say("the target has ended");
        return model.HasQuit;
    }

    private void Loop(TopModel model, TopCounters counters, Screen screen)
    {
        long next = Stopwatch.GetTimestamp() + Ticks(FirstMs);
        screen.Draw(model);
        while (true)
        {
            if (Screen.ReadKeys(WaitFor(next)) is not { } keys)
                return;
            foreach (TopKey key in keys)
                model.Press(key);
            if (model.HasQuit)
                return;
            bool changed = screen.HandleEvents() || keys.Count > 0;
            counters.Poll();
            // Before anything is drawn: a signal in the background leaves the terminal to the shell.
            if (HasEnded(counters))
                return;
            if (model.Recount(counters.By) is { } by)
            {
                if (changed)
                    screen.Draw(model);
                counters.Recount(by);
                next = Stopwatch.GetTimestamp() + Ticks(FirstMs);
            }
            else if (keys.Count > 0 && model.ShowsLatency && model.Latency.AllSums.Calls == 0)
            {
                counters.ReadLatency(model);
            }
            if (Stopwatch.GetTimestamp() >= next)
            {
                Tick(model, counters);
                next = Next(next);
                changed = true;
            }
            if (changed)
                screen.Draw(model);
        }
    }

    private static void Tick(TopModel model, TopCounters counters)
    {
        TopTick tick = counters.Read(model.Add);
        if (model.ShowsLatency && !model.IsPaused)
            counters.ReadLatency(model);
        model.EndTick(in tick);
    }

    /// <summary>False: no person is there to quit.</summary>
    private bool RunBatch()
    {
        using OutputWriter output = OpenOutput();
        var text = new TopText(Settings(), output);
        using var counters = new TopCounters(_what, TopDimensions.By(_arguments.Sort), _target, _command);
        _signals.Go(_command);
        long next = Stopwatch.GetTimestamp() + Ticks(_arguments.Period.TotalMilliseconds);
        try
        {
            for (long table = 0; table < _arguments.Batch; table++)
            {
                bool ended;
                while (!(ended = HasEnded(counters)) && Stopwatch.GetTimestamp() < next)
                {
                    counters.Poll();
                    Thread.Sleep(Math.Max(1, WaitFor(next)));
                }
                TopTick tick = counters.Read(text.Add);
                text.EndTick(in tick);
                if (ended)
                    break;
                next = Next(next);
            }
        }
        catch (OutputException error) when (error.IsClosedPipe && _arguments.Trace.OutputFile is null)
        {
            // Who closed the pipe has seen enough; a command goes on.
            if (_command is null)
                throw;
        }
        catch (OutputException error)
        {
            string name = _arguments.Trace.OutputFile is { } file ? $"'{Printable.Escape(file)}'" : "the output";
            throw new ToolException($"cannot write {name}: {ErrnoText.Describe(error.InnerException!)}");
        }
        return false;
    }

    private OutputWriter OpenOutput() => _arguments.Trace.OutputFile is { } file
        ? TraceOutput.Create(file)
        : OutputWriter.To(new DescriptorStream(_command is null ? 1 : 2), lineBuffered: false);

    private bool HasEnded(TopCounters counters)
    {
        // A full screen has the terminal for itself.
        if (_signals.AskForEnd(_arguments.Batch is null ? null : _command))
            return true;
        if (_arguments.Trace.For is { } limit && Stopwatch.GetElapsedTime(_started).TotalNanoseconds >= limit)
            return true;
        return counters.HasEnded && (_command is null || _command.HasEnded());
    }

    /// <summary>The next time on the grid; after a stop, of an hour perhaps, not all that were missed.</summary>
    private long Next(long last)
    {
        long period = Ticks(_arguments.Period.TotalMilliseconds), now = Stopwatch.GetTimestamp();
        return last + period > now ? last + period : now + period;
    }

    private int WaitFor(long next)
    {
        double left = (next - Stopwatch.GetTimestamp()) * 1000.0 / Stopwatch.Frequency;
        return (int)Math.Clamp(Math.Ceiling(left), 0, _command is null ? WaitMs : CommandWaitMs);
    }

    private static long Ticks(double milliseconds) => (long)(milliseconds * Stopwatch.Frequency / 1000);

    private static string TargetText(TraceArguments trace)
    {
        string names = string.Join(trace.Target == TargetChoice.Command ? " " : ",", trace.Names);
        string text = trace.Target switch
        {
            TargetChoice.All => "all processes",
            TargetChoice.Command => "-- " + names,
            TargetChoice.Processes => "-p " + names,
            TargetChoice.Threads => "-t " + names,
            TargetChoice.Comm => "--comm " + names,
            TargetChoice.User => "-u " + names,
            TargetChoice.Cgroup => "-G " + names,
            TargetChoice.Unit => "--unit " + names,
            _ => "--container " + names,
        };
        return TopName.Escaped(System.Text.Encoding.UTF8.GetBytes(text));
    }

    /// <summary>As setlocale(3) finds out the character set.</summary>
    private static bool HasUtf8()
    {
        string? locale = ((string[])["LC_ALL", "LC_CTYPE", "LANG"]).Select(Environment.GetEnvironmentVariable).FirstOrDefault(value => !string.IsNullOrEmpty(value));
        return locale is not null && (locale.Contains("UTF-8", StringComparison.OrdinalIgnoreCase) || locale.Contains("utf8", StringComparison.OrdinalIgnoreCase));
    }
}
