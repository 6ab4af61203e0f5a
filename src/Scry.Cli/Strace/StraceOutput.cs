using Scry.Cli.CommandLine;
using Scry.Cli.Counting;
using Scry.Cli.Launch;
using Scry.Cli.Tracing;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Views;
using Scry.Views.Slow;

namespace Scry.Cli.Strace;

/// <summary>Where strace's lines go: standard error, a file, a file for each thread, the input of a command.</summary>
internal static class StraceOutput
{
    // Files that may be open at a time; what a run itself has open is within the difference.
    private const int MostOpen = 512, OwnFiles = 48;

    /// <summary>Opens it.</summary>
    /// <exception cref="ToolException">It cannot be written.</exception>
    public static TraceOutput Open(StraceArguments arguments, LiveNames names)
    {
        IStackNames? stacks = arguments.Trace.StackTraces ? names.Stacks : null;
        ViewContext context = TraceOutput.Live(arguments.Trace, names) with
        {
            ToError = true,
            Create = file => Create(arguments, file),
            View = (decoder, writer, clock) => arguments.Separately
                ? new SeparateView(file => new LineView(decoder, file, arguments.Lines with { Clock = clock, Stacks = stacks }), (tid, again) => Create(again ? arguments with { Append = true } : arguments, $"{arguments.Trace.OutputFile}.{tid}"),
                    (int)Math.Clamp(NativeMethods.FileLimit() - OwnFiles, 1, MostOpen))
                : new LineView(decoder, writer, arguments.Lines with { Clock = clock, Stacks = stacks }),
            Around = arguments.Summary != SummaryChoice.BehindLines ? null
                : (view, writer) => new CountingView(view, writer, new StraceSummary(arguments.Columns, arguments.Sort), CountOutput.Names()),
        };
        return TraceOutput.Open(arguments.Separately ? arguments.Trace with { OutputFile = null } : arguments.Trace, context);
    }

    private static OutputWriter Create(StraceArguments arguments, string file)
    {
        if (file is ['|' or '!', ..])
            return OutputWriter.To(CommandInput.Start(file[1..]), lineBuffered: true, owned: true);
        if (!arguments.Append)
            return TraceOutput.Create(file);
        try
        {
            return OutputWriter.ToFile(OutputFile.Behind(file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ToolException($"cannot write '{Printable.Escape(file)}': {ErrnoText.Describe(error)}");
        }
    }
}
