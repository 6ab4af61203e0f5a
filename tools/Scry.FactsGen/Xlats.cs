using Scry.Syscalls;

namespace Scry.FactsGen;

internal sealed partial class Facts
{
    // A name's values: in all tables, or in those of its %abi section, where they replace the common value.
    private sealed record Named(XlatEntry Entry, int[] Only);

    // Between names that one number has.
    private const string Alternative = "/or/";

    private void ReadXlat(string path)
    {
        var xlat = new Xlat(Path.GetFileNameWithoutExtension(path));
        var named = new List<Named>();
        ulong mask = 0;
        bool inField = false;
        int[] only = [];
        foreach (Line line in Line.Read(path))
        {
            string[] w = line.Words;
            switch (w[0])
            {
                case "%flags": xlat.Flags = true; break;
                case "%enum": break;
                case "%prefix": xlat.Prefix = w[1]; break;
                case "%zero": xlat.Zero = w[1]; break;
                case "%octal": xlat.OctalMask = line.Number64(w[1]); break;
                case "%decimal": xlat.DecimalMask = w.Length > 1 ? line.Number64(w[1]) : uint.MaxValue; break;
                case "%shift": (xlat.ShiftName, xlat.ShiftBits, xlat.ShiftMask) = (w[1], (int)line.Number64(w[2]), line.Number64(w[3])); break;
                case "%field": (inField, mask) = (true, line.Number64(w[1])); break;
                case "%abi": only = TablesOf(line, w[1]); break;
                case "%end": (inField, only) = (false, []); break;
                default:
                    if (w[0][0] == '%' || w.Length < 2)
                        throw line.Error($"'{w[0]}' is no directive, and no name with a value");
                    ulong value = line.Number64(w[1]);
                    string text = w.Length > 2 ? string.Join(' ', w[2..]).Trim('"') : "";
                    named.Add(new Named(new XlatEntry(w[0].Replace(Alternative, " or "), value, inField ? mask : value, text), only));
                    break;
            }
        }
        xlat.Tables = [.. Enumerable.Range(0, AbiTable.Count).Select(table => EntriesOf(named, table, sorted: !xlat.Flags))];
        _xlatIds[xlat.Name] = Xlats.Count;
        Xlats.Add(xlat);
    }

    // What a table has of the names, each at its first place. Enums are sorted: they are searched, not walked.
    private static List<XlatEntry> EntriesOf(List<Named> named, int table, bool sorted)
    {
        Dictionary<string, XlatEntry> own = [];
        foreach (Named name in named.Where(name => name.Only.Contains(table)))
            own[name.Entry.Name] = name.Entry;
        var entries = new List<XlatEntry>();
        foreach (Named name in named.Where(name => name.Only.Length == 0 || name.Only.Contains(table)))
        {
            XlatEntry entry = own.GetValueOrDefault(name.Entry.Name, name.Entry);
            if (!own.ContainsKey(name.Entry.Name) || !entries.Contains(entry))
                entries.Add(entry);
        }
        // Of two names of one value, the table's own.
        return sorted ? [.. entries.OrderByDescending(e => own.ContainsKey(e.Name)).DistinctBy(e => e.Value).OrderBy(e => e.Value)] : entries;
    }

    /// <summary>The tables of a list of ABIs, as <c>ia32,arm</c>.</summary>
    private static int[] TablesOf(Line line, string list) => [.. list.Split(',').Select(abi =>
        Array.IndexOf(AbiTable.Names, abi) is var table and >= 0 ? table : throw line.Error($"there is no ABI '{abi}'"))];
}
