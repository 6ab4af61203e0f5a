using System.Globalization;
using System.Text;
using Scry.Syscalls;
using Scry.Tests.Published.Harness;

namespace Scry.Tests.Conformance.Cases;

/// <summary>The program that makes an ABI's cases, written from the facts and compiled.</summary>
internal sealed class CaseProgram : IDisposable
{
    private readonly Workspace _workspace = new();

    private CaseProgram(IReadOnlyList<Case> cases) => Cases = cases;

    public IReadOnlyList<Case> Cases { get; }

    public string Path => _workspace["caller"];

    /// <summary>An empty directory for its file system.</summary>
    public string Directory => _workspace["root"];

    /// <summary>Writes and compiles it.</summary>
    /// <param name="table">The ABI's table.</param>
    /// <param name="chosen">Of these calls alone; of all when missing.</param>
    /// <param name="some">One case in so many.</param>
    public static CaseProgram Compile(int table, string[]? chosen = null, int some = 1)
    {
        (IReadOnlyList<Case> all, Image image) = CaseMaker.Make(table, chosen);
        Case[] cases = [.. all.Where((_, i) => i % some == 0)];
        var program = new CaseProgram(cases);
        using (var memory = new FileStream(program._workspace["memory.bin"], FileMode.CreateNew))
            File.WriteAllText(program._workspace["cases.h"], Header(table, cases, image, memory));
        System.IO.Directory.CreateDirectory(program.Directory);
        string source = System.IO.Path.Combine(ScryBinary.Repository, "tests/Conformance/programs/caller.c");
        Child.Run("gcc", AbiTable.Is32Bit(table) ? "-m32" : "-m64", "-O1", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-stack-protector", "-fcf-protection=none", "-fno-pic", "-no-pie",
            "-nostdlib", "-static", "-I", System.IO.Path.GetDirectoryName(program.Path)!, "-Wa,-I," + System.IO.Path.GetDirectoryName(program.Path)!, "-o", program.Path, source).Expect();
        return program;
    }

    public void Dispose() => _workspace.Dispose();

    private static string Header(int table, IReadOnlyList<Case> cases, Image image, FileStream memory)
    {
        var to = new StringBuilder("#define NAME(x) NAME_(x)\n#define NAME_(x) #x\n");
        Numbers(to, table);
        to.Append(CultureInfo.InvariantCulture, $"#define POKE {image.Poke.Address}ul\n");
        to.Append("static const struct { unsigned long address; unsigned from, size, read_only; } regions[] = {\n");
        foreach (Region region in image.Regions)
        {
            to.Append(CultureInfo.InvariantCulture, $"{{ 0x{region.Address:x}ul, {memory.Position}, {region.Bytes.Length}, {(region.ReadOnly ? 1 : 0)} }},\n");
            memory.Write(region.Bytes);
        }
        to.Append("};\nstatic const struct { unsigned nr, poke, size; unsigned long args[6]; } tests[] = {\n");
        var places = new Dictionary<string, long>();
        var groups = new List<int>();
        for (int i = 0; i < cases.Count; i++)
        {
            Case one = cases[i];
            if (i == 0 || cases[i - 1].Syscall != one.Syscall)
                groups.Add(i);
            long place = 0;
            if (one.Memory is { } bytes && !places.TryGetValue(Convert.ToHexString(bytes), out place))
            {
                places[Convert.ToHexString(bytes)] = place = memory.Position;
                memory.Write(bytes);
            }
            to.Append(CultureInfo.InvariantCulture, $"{{ {one.Nr}, {place}, {one.Memory?.Length ?? 0}, {{ {string.Join(", ", one.Args.Select(arg => $"0x{arg:x}ul"))} }} }},\n");
        }
        groups.Add(cases.Count);
        return to.Append("};\nstatic const unsigned groups[] = { ").AppendJoin(", ", groups).Append(" };\n").ToString();
    }

    // The names of ids are those of ia32, whose first calls have 16 bits of them.
    private static void Numbers(StringBuilder to, int table)
    {
        for (int id = 0; id < SyscallRow.Count; id++)
        {
            var row = new SyscallRow(id);
            string name = Encoding.ASCII.GetString(row.Name);
            if (row.Number(table) < 0)
                continue;
            to.Append(CultureInfo.InvariantCulture, $"#define NR_{name} {row.Number(table)}\n");
            if (!AbiTable.Is32Bit(table) && name is "setgroups" or "setresuid" or "setresgid" or "geteuid")
                to.Append(CultureInfo.InvariantCulture, $"#define NR_{name}32 {row.Number(table)}\n");
        }
    }
}
