using Scry.Capture;

namespace Scry.Cli.Bench;

/// <summary>The untraced run.</summary>
internal sealed record UntracedTool() : Tool(Untraced, "untraced", ToolKind.Baseline)
{
    public override IAttachedTool Attach(ToolContext context) => new Nothing(null);

    /// <summary>Something that is there, or not, and keeps nothing.</summary>
    internal sealed class Nothing(IDisposable? held) : IAttachedTool
    {
        public BenchProcess? Process => null;

        public ToolAccount Stop() => ToolAccount.Nothing;

        public void Dispose() => held?.Dispose();
    }
}

/// <summary>Two empty programs: what any tracer on these tracepoints costs at least.</summary>
internal sealed record FloorTool() : Tool(Floor, "two empty programs (the floor)", ToolKind.Baseline)
{
    public override IAttachedTool Attach(ToolContext context) => new UntracedTool.Nothing(TracepointFloor.Attach());
}
