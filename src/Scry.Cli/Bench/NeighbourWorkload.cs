namespace Scry.Cli.Bench;

/// <summary>getppid in a cgroup beside the one that is traced: what a tool costs those whom it does not watch.</summary>
internal sealed class NeighbourWorkload() : Workload("neighbour", "getppid, by a task that is not traced", Metric.Call)
{
    private readonly CallWorkload _calls = new("getppid", "");

    public override bool IsStarted => false;

    public override Trial Begin(BenchPlace place, IReadOnlyList<string>? launcher) => new NeighbourTrial(place, _calls);

    private sealed class NeighbourTrial : Trial
    {
        private readonly BenchCgroup _inside, _outside;
        private readonly BenchProcess _target;
        private readonly Trial _calls;

        public NeighbourTrial(BenchPlace place, CallWorkload calls)
        {
            _inside = place.Cgroup.Below("traced");
            _outside = place.Cgroup.Below("neighbour");
            // It only waits at its gate, and marks when it is asked to.
            _target = BenchProcess.Start(new ProcessStart(["true"]) { Cgroup = _inside.Path, Gated = true, Affinity = place.Machine.Elsewhere });
            _calls = calls.Begin(place with { Cgroup = _outside }, null);
        }

        public override string Cgroup => _inside.Path;

        public override IReadOnlyList<int> Pids => [_target.Pid];

        public override string MarkerCall => "getpgid";

        public override void Mark() => _target.Mark();

        public override Measurement Measure(BenchProcess? tool) => _calls.Measure(tool) with { Calls = null };

        public override void Dispose()
        {
            _calls.Dispose();
            _target.Dispose();
            _outside.Dispose();
            _inside.Dispose();
        }
    }
}
