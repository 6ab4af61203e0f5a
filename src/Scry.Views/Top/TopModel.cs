using Scry.Wire;

namespace Scry.Views.Top;

/// <summary>What is shown at first.</summary>
public sealed record TopSettings
{
    /// <summary>What the rows are told apart by.</summary>
    public required IReadOnlyList<TopDimension> Dimensions { get; init; }

    /// <summary>Their order.</summary>
    public TopOrder Order { get; init; }

    /// <summary>Whose calls: printable ASCII.</summary>
    public required string Target { get; init; }

    /// <summary>What is drawn with.</summary>
    public Glyphs Glyphs { get; init; } = Glyphs.Unicode;
}

/// <summary>What was counted in a tick.</summary>
/// <param name="Seconds">How long it was.</param>
/// <param name="Time">Its end, on the wall.</param>
/// <param name="By">What the kernel counted by.</param>
/// <param name="Note">What found no room in the kernel; null: nothing.</param>
public readonly record struct TopTick(double Seconds, DateTime Time, CountBy By, string? Note)
{
    /// <summary>The share of the machine's CPU time that counting took, from 0 to 1; null: not known.</summary>
    public double? CpuShare { get; init; }
}

/// <summary>A table, and where the cursor stands in it.</summary>
internal sealed class TopLevel(TopTable table, TopOrder order)
{
    public TopTable Table => table;
    public TopOrder Order { get; set; } = order;
    public bool Reverse { get; set; }
    public string Filter { get; set; } = "";
    /// <summary>Durations of all its calls instead of rows.</summary>
    public bool IsLatency { get; init; }
    /// <summary>Key of the row that the cursor follows; null: it stays on its place.</summary>
    public string? Selected { get; set; }
    public int Index { get; set; }
    /// <summary>The first row on the screen.</summary>
    public int Top { get; set; }
}

/// <summary>
/// The state of <c>scry top</c>: counts of ticks go in, keys go in, a screen comes out. A person goes from a row to what it consists of:
/// processes, syscalls, durations.
/// </summary>
public sealed class TopModel
{
    private const int Linger = 5;
    private const int MaxFilter = 60;
    private static readonly TopDimension[] s_turns =
        [TopDimension.Comm, TopDimension.Process, TopDimension.Syscall, TopDimension.Object, TopDimension.Cgroup, TopDimension.Container, TopDimension.Unit, TopDimension.User];

    private readonly List<TopLevel> _levels = [];
    private readonly double[] _history = new double[512];
    private List<(TopEntry Entry, CallSums Sums)> _incoming = [], _held = [];
    private bool _hasTick;

    /// <summary>Nothing was counted yet.</summary>
    public TopModel(TopSettings settings)
    {
        Settings = settings;
        _levels.Add(new TopLevel(new TopTable(settings.Dimensions, [], Linger), settings.Order));
    }

    /// <summary>What was shown at first.</summary>
    public TopSettings Settings { get; }

    /// <summary>Durations, while they are shown.</summary>
    public TopLatency Latency { get; } = new();

    /// <summary>Whether durations are shown: <see cref="Latency"/> wants the calls that <see cref="Has"/>.</summary>
    public bool ShowsLatency => Level.IsLatency;

    /// <summary>Whether the table stands still.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Whether the person wants to leave.</summary>
    public bool HasQuit { get; private set; }

    internal TopLevel Level => _levels[^1];
    internal bool IsDeep => _levels.Count > 1;
    internal bool ShowsHelp { get; private set; }
    internal bool EditsFilter { get; private set; }
    internal List<TopRow> Shown { get; } = [];
    internal TopTick Tick { get; private set; }
    internal CallSums Total { get; private set; } = new();
    internal int HistoryCount { get; private set; }
    internal ReadOnlySpan<double> History => _history.AsSpan(0, HistoryCount);
    internal int PageRows { get; set; } = 1;
    /// <summary>Whether the last tick can tell the level's rows apart.</summary>
    internal bool HasData => _hasTick && (Needed & ~Tick.By) == 0;

    private CountBy Needed => TopDimensions.By(Level.Table.Dimensions) | TopDimensions.By(Level.Table.Within.Select(one => one.Dimension));

    /// <summary>What the kernel has to count by for what is shown, when it counts by <paramref name="now"/>; null: it may go on.</summary>
    public CountBy? Recount(CountBy now)
    {
        CountBy needed = Needed;
        if ((needed & ~now) != 0)
            return needed | TopDimensions.By(_levels[0].Table.Dimensions);
        // Finer than needed costs more; below the first table it is kept for the way back.
        return !IsDeep && !IsPaused && needed != now ? needed : null;
    }

    /// <summary>Whether calls belong to what is shown.</summary>
    public bool Has(TopEntry entry) => Level.Table.Has(entry);

    /// <summary>Adds calls of the tick that <see cref="EndTick"/> ends.</summary>
    public void Add(TopEntry entry, in CallSums sums) => _incoming.Add((entry, sums));

    /// <summary>Ends a tick.</summary>
    public void EndTick(in TopTick tick)
    {
        CallSums total = new();
        foreach ((_, CallSums sums) in _incoming)
            total.Add(in sums);
        Remember(tick.Seconds > 0 ? total.Calls / tick.Seconds : 0);
        if (!IsPaused)
        {
            (_held, _incoming) = (_incoming, _held);
            (Tick, Total, _hasTick) = (tick, total, true);
            Rebuild();
        }
        _incoming.Clear();
    }

    /// <summary>Takes a key.</summary>
    public void Press(TopKey key)
    {
        if (ShowsHelp)
            ShowsHelp = false;
        else if (EditsFilter && PressInFilter(key))
            Refresh();
        else if (!PressMove(key))
            PressCommand(key);
        if ((Needed & ~Tick.By) != 0)
            IsPaused = false;
    }

    /// <summary>Draws what there is to see.</summary>
    public void Draw(Frame frame) => TopScreen.Draw(this, frame);

    private bool PressInFilter(TopKey key)
    {
        TopLevel level = Level;
        switch (key.Kind)
        {
            case TopKeyKind.Character when level.Filter.Length < MaxFilter:
                level.Filter += key.Character;
                return true;
            case TopKeyKind.Backspace:
                level.Filter = level.Filter.Length > 0 ? level.Filter[..^1] : "";
                return true;
            case TopKeyKind.Escape:
                (level.Filter, EditsFilter) = ("", false);
                return true;
            case TopKeyKind.Enter:
                EditsFilter = false;
                return true;
            default:
                return key.Kind == TopKeyKind.Character;
        }
    }

    private bool PressMove(TopKey key)
    {
        int? to = key.Kind switch
        {
            TopKeyKind.Up => Level.Index - 1,
            TopKeyKind.Down => Level.Index + 1,
            TopKeyKind.PageUp => Level.Index - PageRows,
            TopKeyKind.PageDown => Level.Index + PageRows,
            TopKeyKind.Home => 0,
            TopKeyKind.End => Shown.Count - 1,
            TopKeyKind.Character when key.Character == 'k' => Level.Index - 1,
            TopKeyKind.Character when key.Character == 'j' => Level.Index + 1,
            _ => null,
        };
        if (to is not { } index)
            return false;
        Level.Index = Math.Clamp(index, 0, Math.Max(0, Shown.Count - 1));
        // On the first row the cursor stays there; elsewhere it goes with its row.
        Level.Selected = Level.Index > 0 && Level.Index < Shown.Count ? Shown[Level.Index].Key : null;
        return true;
    }

    private void PressCommand(TopKey key)
    {
        switch (key.Kind)
        {
            case TopKeyKind.Enter or TopKeyKind.Right:
                Descend(null);
                return;
            case TopKeyKind.Escape or TopKeyKind.Left or TopKeyKind.Backspace:
                Ascend();
                return;
            case not TopKeyKind.Character:
                return;
        }
        switch (key.Character)
        {
            case 'q':
                HasQuit = true;
                break;
            case '?' or 'h':
                ShowsHelp = true;
                break;
            case ' ' or 'p':
                IsPaused = !IsPaused;
                break;
            case '/':
                EditsFilter = !Level.IsLatency;
                break;
            case 'g':
                Regroup();
                break;
            case 's':
                Descend(TopDimension.Syscall);
                break;
            case 'l':
                DescendToLatency();
                break;
            default:
                PressOrder(key.Character);
                break;
        }
    }

    private void PressOrder(char character)
    {
        TopOrder now = Level.Order;
        TopOrder? order = character switch
        {
            'c' => TopOrder.Calls,
            'e' => TopOrder.Errors,
            't' => TopOrder.Time,
            'a' => TopOrder.Average,
            'n' => TopOrder.Name,
            '>' => (TopOrder)(((int)now + 1) % 5),
            '<' => (TopOrder)(((int)now + 4) % 5),
            'r' => now,
            _ => null,
        };
        if (order is null)
            return;
        Level.Reverse = character == 'r' && !Level.Reverse;
        Level.Order = order.Value;
        Refresh();
    }

    /// <summary>From a row to its processes, from there to their syscalls, from there to durations.</summary>
    private void Descend(TopDimension? wanted)
    {
        if (WithinRow() is not { } within)
            return;
        bool Fixed(TopDimension dimension) => within.Any(one => one.Dimension == dimension);
        TopDimension? next = wanted is { } asked && !Fixed(asked) ? asked
            : !Fixed(TopDimension.Process) && !Fixed(TopDimension.Thread) ? TopDimension.Process
            : !Fixed(TopDimension.Syscall) ? TopDimension.Syscall
            : null;
        if (next is { } dimension)
            Go(new TopLevel(new TopTable([dimension], within, Linger), Level.Order == TopOrder.Name ? TopOrder.Calls : Level.Order));
        else
            DescendToLatency();
    }

    private void DescendToLatency()
    {
        if (WithinRow() is { } within)
            Go(new TopLevel(new TopTable([], within, 0), Level.Order) { IsLatency = true });
    }

    private List<(TopDimension Dimension, TopName Name)>? WithinRow()
    {
        TopLevel level = Level;
        if (level.IsLatency || level.Index >= Shown.Count)
            return null;
        TopRow row = Shown[level.Index];
        level.Selected = row.Key;
        return [.. level.Table.Within, .. level.Table.Dimensions.Select(dimension => (dimension, row.Entry[dimension]))];
    }

    private void Ascend()
    {
        if (Level.Filter.Length > 0)
        {
            Level.Filter = "";
            Refresh();
        }
        else if (IsDeep)
        {
            _levels.RemoveAt(_levels.Count - 1);
            Rebuild();
        }
    }

    private void Go(TopLevel level)
    {
        _levels.Add(level);
        EditsFilter = false;
        Latency.Clear();
        Rebuild();
    }

    /// <summary>The next dimension, for the table at first.</summary>
    private void Regroup()
    {
        TopLevel root = _levels[0];
        int at = root.Table.Dimensions.Count == 1 ? Array.IndexOf(s_turns, root.Table.Dimensions[0]) : -1;
        _levels.Clear();
        _levels.Add(new TopLevel(new TopTable([s_turns[(at + 1) % s_turns.Length]], [], Linger), root.Order));
        EditsFilter = false;
        Rebuild();
    }

    private void Remember(double rate)
    {
        if (HistoryCount == _history.Length)
            Array.Copy(_history, 1, _history, 0, --HistoryCount);
        _history[HistoryCount++] = rate;
    }

    /// <summary>The level's table from the tick that is shown.</summary>
    private void Rebuild()
    {
        if (HasData && !Level.IsLatency)
        {
            TopTable table = Level.Table;
            table.Begin();
            foreach ((TopEntry entry, CallSums sums) in _held)
                table.Add(entry, in sums);
            table.End();
        }
        Refresh();
    }

    /// <summary>Which rows are shown, in which order, and where the cursor is.</summary>
    private void Refresh()
    {
        TopLevel level = Level;
        Shown.Clear();
        foreach (TopRow row in level.Table.Rows)
        {
            if (level.Filter.Length == 0 || row.Cells.Any(cell => cell.Contains(level.Filter, StringComparison.OrdinalIgnoreCase)))
                Shown.Add(row);
        }
        level.Table.Sort(Shown, level.Order, level.Reverse);
        if (level.Selected is { } key && Shown.FindIndex(row => row.Key == key) is >= 0 and var at)
            level.Index = at;
        level.Index = Math.Clamp(level.Index, 0, Math.Max(0, Shown.Count - 1));
    }
}
