using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Scry.Tests.Unit;

/// <summary>Holds the projects to docs/ARCHITECTURE.md.</summary>
public sealed class RoomTests
{
    internal static readonly string Root = Path.GetFullPath(Path.Combine(Here(), "../.."));
    private static readonly string[] UnsafeRooms = ["Scry.Bpf", "Scry.Wire", "Scry.Capture"];
    private static readonly string[] NativeFiles = ["Scry.Targets/Native.cs", "Scry.Targets/NativeFiles.cs", "Scry.Stacks/Native.cs", "Scry.Cli/Launch/NativeMethods.cs", "Scry.Cli/Bench/NativeMethods.cs"];

    [Fact]
    public void References_are_those_of_the_table()
    {
        Assert.Equal(Table(), Projects());
    }

    [Fact]
    public void Unsafe_code_stands_where_memory_is_shared_with_the_kernel_and_says_why_it_is_safe()
    {
        foreach (string file in Sources().Where(file => Regex.IsMatch(File.ReadAllText(file), @"\bunsafe\b")))
        {
            Assert.Contains(Room(file), UnsafeRooms);
            // A list of declarations touches no memory itself.
            Assert.True(Regex.IsMatch(File.ReadAllText(file), "SAFETY:|LibraryImport"), $"{file} does not say why it is safe");
        }
    }

    [Fact]
    public void Native_code_is_declared_in_Bpf_and_in_files_that_are_named()
    {
        IEnumerable<string> others = Sources()
            .Where(file => Regex.IsMatch(File.ReadAllText(file), @"\[(LibraryImport|DllImport)\b") && Room(file) != "Scry.Bpf")
            .Select(file => Path.GetRelativePath($"{Root}/src", file));
        Assert.Equal(NativeFiles.Order(), others.Order());
    }

    [Fact]
    public void Files_that_people_write_stay_short()
    {
        Assert.All(Sources(), file => Assert.InRange(File.ReadLines(file).Count(), 1, 500));
    }

    [Fact]
    public void Registers_are_named_in_the_header_of_processors_alone()
    {
        string[] allowed = ["arch.bpf.h", "kernel.h"];
        Assert.All(KernelSources(allowed), file => Assert.DoesNotMatch(@"\b(orig_ax|orig_x0|syscallno|TS_COMPAT|TIF_32BIT|X32_SYSCALL_BIT)\b|regs->", File.ReadAllText(file)));
    }

    [Fact]
    public void What_other_processors_see_is_published()
    {
        // A barrier of the compiler alone orders nothing on arm64: order.bpf.h.
        Assert.All(KernelSources(["order.bpf.h"]), file => Assert.DoesNotMatch(@"\bbarrier\(\);\s*(/\*.*?\*/\s*)?\*\(volatile", File.ReadAllText(file)));
    }

    private static IEnumerable<string> KernelSources(string[] except) => Directory.GetFiles($"{Root}/src/bpf")
        .Where(file => Path.GetExtension(file) is ".c" or ".h" && !except.Contains(Path.GetFileName(file)));

    /// <summary>The rows <c>| `room` | what | `reference`, … |</c> of projects.</summary>
    private static string[] Table() => [.. File.ReadLines($"{Root}/docs/ARCHITECTURE.md")
        .Select(line => line.Split('|'))
        .Where(cells => cells.Length == 5 && cells[1].Trim().StartsWith("`Scry.", StringComparison.Ordinal))
        .Select(cells => Row(Names(cells[1]).Single(), Names(cells[3])))
        .Order()];

    private static string[] Projects() => [.. Directory.GetFiles($"{Root}/src", "*.csproj", SearchOption.AllDirectories)
        .Select(file => Row(Path.GetFileNameWithoutExtension(file), XDocument.Load(file).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value))))
        .Order()];

    private static IEnumerable<string> Names(string cell) => Regex.Matches(cell, "`([^`]+)`").Select(match => match.Groups[1].Value);

    private static string Row(string room, IEnumerable<string> references) => $"{room} -> {string.Join(", ", references.Order())}";

    private static IEnumerable<string> Sources() => Directory.GetFiles($"{Root}/src", "*.cs", SearchOption.AllDirectories)
        .Where(file => !Regex.IsMatch(file, "/(bin|obj|Generated)/"));

    private static string Room(string file) => Path.GetRelativePath($"{Root}/src", file).Split('/')[0];

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
