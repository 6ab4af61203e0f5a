using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Kernels.Harness;

/// <summary>What works on which kernel: collected from the tests, written to out/KERNELS.md, and compared with docs/KERNELS.md.</summary>
public sealed class KernelTable : IDisposable
{
    // In the order in which they are shown.
    private static readonly string[] s_columns =
        ["doctor", "trace", "functions", "targets", "as strace", "32-bit", "record", "stat", "strace -c", "top", "stuck", "slow", "loop", "triggers", "bench", "real time", "cgroups", "bare"];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<string, bool>> _rows = [];

    /// <summary>Notes how a test of a column ended.</summary>
    public void Note(string kernel, string column, bool works)
    {
        lock (_lock)
        {
            if (!_rows.TryGetValue(kernel, out Dictionary<string, bool>? row))
                _rows[kernel] = row = [];
            row[column] = row.GetValueOrDefault(column, true) && works;
        }
    }

    /// <summary>At the end of the run: writes the table, and fails when the document has other rows for the kernels that ran.</summary>
    public void Dispose()
    {
        if (!s_columns.Order().SequenceEqual(Machine.Tests.Select(test => test.Test.Shows).OfType<string>().Distinct().Order()))
            throw new InvalidOperationException("the columns of the table are not those that the tests show");
        // A run of a few tests alone says nothing of a kernel.
        string[] rows = [.. _rows.Where(row => s_columns.All(row.Value.ContainsKey)).OrderBy(row => row.Key, StringComparer.Ordinal)
            .Select(row => Line([row.Key, .. s_columns.Select(column => row.Value[column] ? "yes" : "no")]))];
        string[] table = [Line(["kernel", .. s_columns]), .. rows];
        File.WriteAllText(Path.Combine(ScryBinary.Repository, "out/KERNELS.md"), string.Join('\n', [table[0], "|---|" + string.Concat(s_columns.Select(_ => ":-:|")), .. rows]) + "\n");
        int kernels = typeof(KernelTests).Assembly.GetTypes().Count(type => type.BaseType == typeof(KernelTests));
        string[] documented = [.. File.ReadLines(Path.Combine(ScryBinary.Repository, "docs/KERNELS.md")).Where(line => line.Count(c => c == '|') == s_columns.Length + 2 && !line.StartsWith("|--", StringComparison.Ordinal))];
        if (table.Except(documented).Any() || (rows.Length == kernels && documented.Length != table.Length))
            throw new InvalidOperationException($"docs/KERNELS.md has another table than out/KERNELS.md:\n{string.Join('\n', table)}");
    }

    private static string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";
}
