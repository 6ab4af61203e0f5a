using System.Globalization;

namespace Scry.Views.Top;

/// <summary>Draws a model: five lines of heads, the table or the durations, a line of keys.</summary>
internal static class TopScreen
{
    private const int Heads = 5;
    private const int Gap = 2;
    private const int FewestNameColumns = 12;
    private const int CurveAt = 18;

    private static readonly (TopOrder Order, string Title, int End)[] s_numbers =
    [
        (TopOrder.Calls, "%CALLS", 6), (TopOrder.Calls, "CALLS/s", 17), (TopOrder.Errors, "ERR/s", 26),
        (TopOrder.Time, "TIME/s", 35), (TopOrder.Average, "AVG", 44),
    ];

    private static readonly string[] s_help =
    [
        "Every call is counted, none is sampled. A row stays for 5 ticks without calls.",
        "",
        "  Up Down PgUp PgDn Home End   the cursor; below the top it stays with its row",
        "  Enter Right                  into a row: its processes, syscalls, durations",
        "  s l                          into its syscalls at once; into its durations",
        "  Esc Left Backspace           back",
        "  g                            rows by the next of comm, pid, syscall, dso, ...",
        "  c e t a n                    order by calls, errors, time, average, name",
        "  < > r                        by the column before, after; turned round",
        "  /                            rows with a text: Enter keeps it, Esc ends it",
        "  Space p                      hold the table still; the curve goes on",
        "  q Ctrl-C                     quit",
        "",
        "TIME/s   time in calls that returned, of all threads together",
        "AVG      mean time of a call",
        "dso      mapped file whose code made the call; [anonymous]: no file",
        "(other)  what found no room of its own in the kernel",
    ];

    public static void Draw(TopModel model, Frame frame)
    {
        frame.Clear();
        DrawHeads(model, frame);
        if (model.ShowsHelp)
        {
            for (int i = 0; i < s_help.Length && i + 4 < frame.Height - 1; i++)
                frame.Put(0, i + 4, model.Settings.Glyphs.Fit(s_help[i], frame.Width));
        }
        else if (model.ShowsLatency)
        {
            TopLatencyScreen.Draw(model, frame, Heads - 1);
        }
        else
        {
            DrawTable(model, frame);
        }
        DrawKeys(model, frame);
    }

    /// <summary>A number per second.</summary>
    public static string Rate(double value) => value.ToString(value is > 0 and < 9.95 ? "F1" : "F0", CultureInfo.InvariantCulture);

    private static void DrawHeads(TopModel model, Frame frame)
    {
        Glyphs glyphs = model.Settings.Glyphs;
        string clock = model.HasData ? string.Create(CultureInfo.InvariantCulture, $"{model.Tick.Time:HH:mm:ss}  {model.Tick.Seconds:F1}s") : "";
        if (model.HasData && model.Tick.CpuShare is { } share)
            clock = string.Create(CultureInfo.InvariantCulture, $"own cpu {100 * share:F2}%  {clock}");
        int x = frame.Put(0, 0, "scry top", Ink.Bold);
        frame.Put(x + Gap, 0, glyphs.Fit(model.Settings.Target, frame.Width - x - Gap - clock.Length - Gap));
        frame.PutRight(frame.Width, 0, clock, Ink.Dim);

        double seconds = Math.Max(model.Tick.Seconds, 1e-9);
        x = frame.Put(0, 1, Rate(model.Total.Calls / seconds), Ink.Bold);
        x = frame.Put(x, 1, " calls/s   ");
        x = frame.Put(x, 1, Rate(model.Total.Errors / seconds), model.Total.Errors > 0 ? Ink.Alarm : Ink.Plain);
        x = frame.Put(x, 1, " errors/s   ");
        x = frame.Put(x, 1, $"{DurationText.Of(model.Total.Total / seconds)}/s in calls");
        string rows = model.ShowsLatency ? "" : $"{model.Shown.Count} of {model.Level.Table.Rows.Count} rows";
        if (x + Gap + rows.Length <= frame.Width)
            frame.PutRight(frame.Width, 1, rows, Ink.Dim);

        double most = 0;
        string curve = glyphs.Curve(model.History, Math.Max(0, frame.Width - CurveAt));
        foreach (double value in model.History[^curve.Length..])
            most = Math.Max(most, value);
        frame.Put(0, 2, $"max {Rate(most)}/s", Ink.Dim);
        frame.Put(frame.Width - curve.Length, 2, curve, Ink.Graph);
        DrawPath(model, frame);
    }

    /// <summary>Where the person is, and what is out of the ordinary.</summary>
    private static void DrawPath(TopModel model, Frame frame)
    {
        Glyphs glyphs = model.Settings.Glyphs;
        TopLevel level = model.Level;
        string path = string.Concat(level.Table.Within.Select(one => $"{one.Dimension.Name()} {one.Name.Text} > "))
            + (level.IsLatency ? "durations" : "by " + string.Join(',', level.Table.Dimensions.Select(dimension => dimension.Name())));
        string marks = (level.Filter.Length > 0 || model.EditsFilter ? $"  filter: {level.Filter}{(model.EditsFilter ? "_" : "")}" : "")
            + (model.IsPaused ? "  PAUSED" : "");
        int x = frame.Put(0, 3, glyphs.Fit(path, Math.Max(0, frame.Width - marks.Length), keepEnd: true));
        x = frame.Put(x, 3, marks, Ink.Bold);
        if (model.Tick.Note is { } note)
            frame.Put(x, 3, glyphs.Fit("  " + note, Math.Max(0, frame.Width - x)), Ink.Alarm);
    }

    private static void DrawTable(TopModel model, Frame frame)
    {
        TopLevel level = model.Level;
        int room = model.PageRows = Math.Max(1, frame.Height - Heads - 1);
        level.Top = Math.Clamp(level.Top, Math.Max(0, level.Index - room + 1), level.Index);
        level.Top = Math.Max(0, Math.Min(level.Top, model.Shown.Count - room));
        List<TopRow> rows = model.Shown.GetRange(level.Top, Math.Min(room, model.Shown.Count - level.Top));
        int numbers = Numbers(frame.Width), namesAt = s_numbers[numbers - 1].End + 1 + Gap;
        int[] widths = Widths(level.Table.Dimensions, rows, frame.Width - namesAt);

        frame.Fill(4, Ink.Head);
        foreach ((TopOrder order, string title, int end) in s_numbers.AsSpan(0, numbers))
            frame.PutRight(end, 4, order == level.Order && title[0] != '%' ? title + (level.Reverse ? '^' : 'v') : title, Ink.Head);
        int x = namesAt;
        for (int i = 0; i < widths.Length; i++)
        {
            string title = level.Table.Dimensions[i].Name().ToUpperInvariant();
            if (i == 0 && level.Order == TopOrder.Name)
                title += level.Reverse ? '^' : 'v';
            frame.Put(x, 4, model.Settings.Glyphs.Fit(title, widths[i]), Ink.Head);
            x += widths[i] + Gap;
        }
        if (!model.HasData || rows.Count == 0)
            frame.Put(0, Heads, !model.HasData ? "counting..." : level.Filter.Length > 0 ? "no row has that text" : "no calls", Ink.Dim);
        for (int i = 0; i < rows.Count && model.HasData; i++)
        {
            // What had no calls in this tick stands back.
            Ink ink = level.Top + i == level.Index ? Ink.Cursor : rows[i].Calls == 0 ? Ink.Dim : Ink.Plain;
            DrawRow(model, frame, Heads + i, rows[i], widths, ink);
        }
    }

    private static void DrawRow(TopModel model, Frame frame, int y, TopRow row, int[] widths, Ink ink)
    {
        double seconds = Math.Max(model.Tick.Seconds, 1e-9);
        if (y >= frame.Height - 1)
            return;
        frame.Fill(y, ink);
        double share = model.Total.Calls > 0 ? 100.0 * row.Calls / model.Total.Calls : 0;
        string[] cells =
        [
            share.ToString("F1", CultureInfo.InvariantCulture),
            Rate(row.Calls / seconds),
            row.Errors > 0 ? Rate(row.Errors / seconds) : "",
            row.Calls > 0 ? DurationText.Of(row.Time / seconds) : "",
            row.Calls > 0 ? DurationText.Of(row.Average) : "",
        ];
        int numbers = Numbers(frame.Width);
        for (int i = 0; i < numbers; i++)
            frame.PutRight(s_numbers[i].End, y, cells[i], ink == Ink.Plain && s_numbers[i].Order == TopOrder.Errors ? Ink.Alarm : ink);
        int x = s_numbers[numbers - 1].End + 1 + Gap;
        for (int i = 0; i < widths.Length; i++)
        {
            // Of a path its end tells most.
            bool keepEnd = model.Level.Table.Dimensions[i] == TopDimension.Cgroup;
            frame.Put(x, y, model.Settings.Glyphs.Fit(row.Cells[i], widths[i], keepEnd), ink);
            x += widths[i] + Gap;
        }
    }

    /// <summary>How many columns of numbers leave room for names.</summary>
    private static int Numbers(int width)
    {
        int count = s_numbers.Length;
        while (count > 1 && s_numbers[count - 1].End + 1 + Gap + FewestNameColumns > width)
            count--;
        return count;
    }

    /// <summary>Columns for each dimension: what its cells need, and when that is too much, the widest gives.</summary>
    private static int[] Widths(IReadOnlyList<TopDimension> dimensions, List<TopRow> rows, int room)
    {
        int[] widths = [.. dimensions.Select((dimension, i) => rows.Aggregate(dimension.Name().Length + 1, (most, row) => Math.Max(most, row.Cells[i].Length)))];
        int over = widths.Sum() + Gap * (widths.Length - 1) - Math.Max(room, widths.Length * 3);
        for (; over > 0; over--)
        {
            int widest = Array.IndexOf(widths, widths.Max());
            if (widths[widest] <= 1)
                break;
            widths[widest]--;
        }
        return widths;
    }

    private static void DrawKeys(TopModel model, Frame frame)
    {
        string keys = model.ShowsHelp ? "any key back"
            : model.EditsFilter ? "type text  Enter keep  Esc no filter"
            : model.ShowsLatency ? "Esc back  Space pause  ? help  q quit"
            : $"Enter into  {(model.IsDeep ? "Esc back" : "g group")}  c e t a n order  / filter  Space pause  ? help  q quit";
        frame.Put(0, frame.Height - 1, keys, Ink.Dim);
    }
}
