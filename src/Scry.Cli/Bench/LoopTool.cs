using System.Text.Json;

namespace Scry.Cli.Bench;

/// <summary>The flight recorder: no process, memory of the kernel that overwrites itself.</summary>
/// <param name="Name">Its name among the tools.</param>
/// <param name="Title">As a table has it.</param>
/// <param name="Extra">Options of <c>scry loop start</c>.</param>
internal sealed record LoopTool(string Name, string Title, params string[] Extra) : Tool(Name, Title, ToolKind.Records)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    public override IAttachedTool Attach(ToolContext context)
    {
        var recorder = new Recorder(context);
        try
        {
            recorder.Scry(["loop", "start", recorder.Name, "-G", context.Cgroup, .. Extra]);
            recorder.Begin();
            return recorder;
        }
        catch
        {
            recorder.Dispose();
            throw;
        }
    }

    private sealed class Recorder(ToolContext context) : IAttachedTool
    {
        private long _before;

        public string Name => Leftovers.OwnName;

        public BenchProcess? Process => null;

        public string Scry(params string[] words) => BenchProcess.Run(context.Work, [ToolList.Self, .. words], s_patience, context.Machine.Elsewhere);

        /// <summary>Records from here on are of the run.</summary>
        public void Begin() => _before = List().Records;

        /// <summary>Its count of records: of every call in the cgroup, whatever was overwritten since.</summary>
        public ToolAccount Stop()
        {
            (long records, long lost, long memory) = List();
            return new ToolAccount(context.Call is null ? null : records - _before, lost, null, memory) { HasOthers = true };
        }

        public void Dispose() => Leftovers.StopRecorder(Name);

        private (long Records, long Lost, long Memory) List()
        {
            using JsonDocument list = JsonDocument.Parse(Scry("loop", "list", Name, "--json"));
            JsonElement root = list.RootElement;
            return (root.GetProperty("records").GetInt64(), root.GetProperty("lost").GetInt64(), root.GetProperty("memory").GetInt64());
        }
    }
}
