using Scry.Recording;

namespace Scry.Cli.Recordings;

/// <summary>Records of threads that a dump lacks because incidents have them, as a recording names them. Its numbers are hostile.</summary>
internal sealed class RecordedIncidents
{
    private const int Capacity = 1 << 20;

    private readonly Dictionary<uint, List<IncidentRecords>> _threads = [];
    private int _count;

    /// <summary>Takes note of a name.</summary>
    public void Add(RecordedName name)
    {
        if (name is not IncidentRecords records || records.Last < records.First || _count >= Capacity)
            return;
        if (!_threads.TryGetValue(records.Tid, out List<IncidentRecords>? known))
            _threads[records.Tid] = known = [];
        known.Add(records);
        _count++;
    }

    /// <summary>As <see cref="Views.LineOptions.InIncident"/>: of several incidents the last.</summary>
    public uint Find(uint tid, uint first, uint count, out ulong incident)
    {
        incident = 0;
        ulong found = 0;
        foreach (IncidentRecords records in _threads.GetValueOrDefault(tid, []))
        {
            ulong from = Math.Max(first, records.First), to = Math.Min((ulong)first + count, records.Last + 1UL);
            if (from >= to)
                continue;
            found += to - from;
            incident = records.Incident;
        }
        return (uint)Math.Min(found, count);
    }
}
