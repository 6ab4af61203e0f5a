namespace Scry.Cli.Bench;

/// <summary>Where a tool's process runs.</summary>
internal enum Place
{
    /// <summary>Not on the traced CPU.</summary>
    Elsewhere,
    /// <summary>On the traced CPU alone.</summary>
    TracedCpu,
    /// <summary>Where the scheduler puts it.</summary>
    Anywhere,
}

/// <summary>What a tool wrote during a run.</summary>
/// <param name="Path">The file of its lines.</param>
/// <param name="Error">What it said on standard error.</param>
/// <param name="Call">The call that is counted; null when none is.</param>
internal sealed record Written(string Path, string Error, string? Call)
{
    /// <summary>All of it.</summary>
    public string Text => Attachment.ReadText(Path);
}

/// <summary>How a tool that is a process of its own is used.</summary>
/// <param name="Words">Its arguments, given what to trace and the file to write; null: it cannot attach.</param>
/// <param name="Sign">How it is known that it is attached.</param>
internal sealed record ToolWords(Func<ToolContext, string, IReadOnlyList<string>>? Words, Sign Sign)
{
    /// <summary>Its arguments before a command that it is to start; null: it attaches always.</summary>
    public Func<string, IReadOnlyList<string>>? LaunchWords { get; init; }

    /// <summary>The program; searched in PATH.</summary>
    public required string Program { get; init; }

    /// <summary>The environment variable that names it instead; null: there is none.</summary>
    public string? Variable { get; init; }

    /// <summary>How to get it.</summary>
    public string Hint { get; init; } = "";

    /// <summary>It writes its lines to standard output: that goes to the file.</summary>
    public bool ToOutput { get; init; }

    /// <summary>Part of its output when it is attached, for <see cref="Sign.SaysSo"/>.</summary>
    public string? ReadyText { get; init; }

    /// <summary>The signal that ends it in good order.</summary>
    public int EndSignal { get; init; } = 2;

    /// <summary>Where it runs.</summary>
    public Place Place { get; init; }

    /// <summary>It ends by itself, with status 0, when what it traces has ended.</summary>
    public bool EndsWithTarget { get; init; }

    /// <summary>It has an option <c>--version</c>.</summary>
    public bool SaysVersion { get; init; } = true;

    /// <summary>A directory that it leaves behind; null: none.</summary>
    public string? Leaves { get; init; }

    /// <summary>Calls of the counted kind in its output; null when it keeps less by design.</summary>
    public Func<Written, long?> Delivered { get; init; } = static _ => null;

    /// <summary>Events that it says it lost; null when it does not say.</summary>
    public Func<Written, long?> Reported { get; init; } = static _ => null;
}

/// <summary>A tool that is a process: started beside the workload, ended after it.</summary>
internal sealed record ProcessTool(string Name, string Title, ToolKind Kind, ToolWords How) : Tool(Name, Title, Kind)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_versionPatience = TimeSpan.FromSeconds(10);
    private const int SigKill = 9, SignalBase = 128;

    /// <summary>It traces one process only.</summary>
    public bool OneProcess { get; init; }

    /// <summary>When it attaches, it does not follow children that come later.</summary>
    public bool NoChildren { get; init; }

    /// <summary>What else must be there; gives what is missing, or null.</summary>
    public Func<string?>? Needs { get; init; }

    public override string? Unfit(Workload workload)
    {
        if (How.Words is null && !workload.IsStarted)
            return "it traces only what it starts";
        if (OneProcess && !workload.OneProcess)
            return "it traces one process";
        return NoChildren && workload.ForksLater && !(workload.IsStarted && How.LaunchWords is not null)
            ? "it does not follow children that come later"
            : null;
    }

    public override IReadOnlyList<string>? Launcher(WorkDirectory work) => How.LaunchWords is { } words ? [Program, .. words(LaunchFile(work))] : null;

    private string LaunchFile(WorkDirectory work) => work[$"{Name}-launch"];

    private string Program => How.Variable is not null && Environment.GetEnvironmentVariable(How.Variable) is { Length: > 0 } named ? named : How.Program;

    public override string? Missing()
    {
        // A variable alone names a variant of a tool: without it there is none.
        if (Program.Length == 0)
            return How.Hint;
        try
        {
            Launch.CommandPath.Resolve(Program, Environment.GetEnvironmentVariable("PATH"));
        }
        catch (ToolException)
        {
            return $"'{Printable.Escape(Program)}' is not installed; {How.Hint}";
        }
        return Needs?.Invoke();
    }

    public override string? Version(WorkDirectory work)
    {
        if (!How.SaysVersion)
            return null;
        try
        {
            string name = Path.GetFileName(Program);
            string? line = BenchProcess.LastLine(BenchProcess.Run(work, [Program, "--version"], s_versionPatience).Split('\n')[0]);
            return line is null || line.Contains(name, StringComparison.OrdinalIgnoreCase) ? line : $"{Printable.Escape(name)} {line}";
        }
        catch (ToolException)
        {
            return null;
        }
    }

    public override IAttachedTool Attach(ToolContext context)
    {
        if (context.Launched is { } launched)
            return new Launched(this, launched, context, LaunchFile(context.Work));
        string output = context.Work.NewFile(Name), error = context.Work.NewFile(Name + "-error");
        string? leaves = Directory.Exists(How.Leaves) ? null : How.Leaves;
        BenchProcess process = BenchProcess.Start(new ProcessStart([Program, .. How.Words!(context, output)])
        {
            Output = How.ToOutput ? output : error,
            Error = error,
            Affinity = How.Place switch
            {
                Place.TracedCpu => context.Machine.TracedCpu,
                Place.Anywhere => ProcessStart.AnyCpu,
                _ => context.Machine.Elsewhere,
            },
        });
        var attached = new Attached(this, process, context, output, error, leaves);
        try
        {
            Attachment.Await(How.Sign, process, context, output, error, How.ReadyText);
            return attached;
        }
        catch
        {
            attached.Dispose();
            throw;
        }
    }

    /// <summary>It ends with the workload, whose status was looked at.</summary>
    private sealed class Launched(ProcessTool tool, BenchProcess process, ToolContext context, string output) : IAttachedTool
    {
        public BenchProcess Process => process;

        public ToolAccount Stop()
        {
            var written = new Written(output, "", context.Call);
            return new ToolAccount(context.Call is null ? null : tool.How.Delivered(written), tool.How.Reported(written), process.OwnCpuSeconds, process.PeakResident);
        }

        public void Dispose() => File.Delete(output);
    }

    private sealed class Attached(ProcessTool tool, BenchProcess process, ToolContext context, string output, string error, string? leaves) : IAttachedTool
    {
        public BenchProcess Process => process;

        public ToolAccount Stop()
        {
            process.SampleMemory();
            // One that is gone costs nothing: its figure would be the best of all.
            if (process.HasEnded() && !(tool.How.EndsWithTarget && process.Status == 0))
                throw new ToolException($"it ended in the middle of the run: {Words()}");
            process.Signal(tool.How.EndSignal);
            if (!process.Wait(s_patience))
            {
                process.Signal(SigKill);
                throw new ToolException($"it did not end within {s_patience.TotalSeconds:F0} s of being asked to");
            }
            if (process.Status != 0 && process.Status != SignalBase + tool.How.EndSignal)
                throw new ToolException($"it failed at its end: {Words()}");
            var written = new Written(output, Attachment.ReadText(error), context.Call);
            return new ToolAccount(
                context.Call is null ? null : tool.How.Delivered(written), tool.How.Reported(written), process.CpuSeconds, process.PeakResident);
        }

        private string Words() => $"exit status {process.Status}{(BenchProcess.LastLine(Attachment.ReadText(error)) is { } line ? $", {line}" : "")}";

        public void Dispose()
        {
            process.Dispose();
            File.Delete(output);
            File.Delete(error);
            if (leaves is not null && Directory.Exists(leaves))
                Directory.Delete(leaves, recursive: true);
        }
    }
}
