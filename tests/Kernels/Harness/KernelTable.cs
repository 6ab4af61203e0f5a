using System.Text;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Kernels.Harness;

/// <summary>What works on which kernel: collected from the tests, written to out/KERNELS.md, and compared with docs/KERNELS.md.</summary>
public sealed class KernelTable : IDisposable
{
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
        string[] columns = [.. Machine.Tests.Select(test => test.Test.Shows).OfType<string>().Distinct()];
        var text = new StringBuilder($"| kernel | {string.Join(" | ", columns)} |\n|---|{string.Concat(columns.Select(_ => ":-:|"))}\n");
        // A run of a few tests alone says nothing of a kernel.
        string[] rows = [.. _rows.Where(row => columns.All(row.Value.ContainsKey)).OrderBy(row => row.Key, StringComparer.Ordinal)
            .Select(row => $"| {row.Key} | {string.Join(" | ", columns.Select(column => row.Value[column] ? "yes" : "no"))} |")];
        text.AppendJoin('\n', rows).Append('\n');
        File.WriteAllText(Path.Combine(ScryBinary.Repository, "out/KERNELS.md"), text.ToString());
        string[] documented = File.ReadAllLines(Path.Combine(ScryBinary.Repository, "docs/KERNELS.md"));
        string[] missing = [.. text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !documented.Contains(line))];
        if (rows.Length > 0 && missing.Length > 0)
            throw new InvalidOperationException($"docs/KERNELS.md does not have these lines of out/KERNELS.md:\n{string.Join('\n', missing)}");
    }
}
