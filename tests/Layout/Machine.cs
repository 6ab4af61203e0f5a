using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Scry.Tests.Layout;

/// <summary>An ABI of the facts, and the compiler that has its headers.</summary>
/// <param name="Name">As the facts write it.</param>
/// <param name="Compiler">The program.</param>
/// <param name="Options">What makes it compile for the ABI.</param>
public sealed partial record Machine(string Name, string Compiler, params string[] Options)
{
    /// <summary>All that the facts know, in the order of their columns.</summary>
    public static IReadOnlyList<Machine> All { get; } =
    [
        new("x86-64", "gcc", "-m64"), new("ia32", "gcc", "-m32"),
        new("arm64", "clang", "--target=aarch64-linux-gnu", "-nostdlibinc", "-isystem", "/usr/aarch64-linux-gnu/include"),
        new("arm", "clang", "--target=arm-linux-gnueabihf", "-nostdlibinc", "-isystem", "/usr/arm-linux-gnueabihf/include"),
    ];

    /// <summary>The names, for theories.</summary>
    public static TheoryData<string> Names => [.. All.Select(machine => machine.Name)];

    public static Machine Of(string name) => All.Single(machine => machine.Name == name);

    /// <summary>Fails where the compiler or its headers are missing.</summary>
    public async Task MustCompile()
    {
        string said = await Compile("#include <stdio.h>\n#include <asm/unistd.h>\n", "-fsyntax-only");
        Assert.True(said.Length == 0, $"{Compiler} cannot compile for {Name}: {said}");
    }

    /// <summary>Which of the assertions hold and which fail behind some lines of C; the others do not compile.</summary>
    /// <returns>Null when the lines themselves do not compile.</returns>
    public async Task<(HashSet<int> Holding, HashSet<int> Failing)?> Assertions(string before, IReadOnlyList<string> conditions)
    {
        const int first = 100_000;
        var source = new StringBuilder(before);
        for (int i = 0; i < conditions.Count; i++)
            source.Append(CultureInfo.InvariantCulture, $"#line {first + i}\n_Static_assert({conditions[i]}, \"value\");\n");
        HashSet<int> holding = [.. Enumerable.Range(0, conditions.Count)], failing = [];
        foreach (Match error in Error().Matches(await Compile(source.ToString(), "-fsyntax-only")))
        {
            int line = int.Parse(error.Groups["line"].Value, CultureInfo.InvariantCulture) - first;
            if (line < 0 || error.Groups["file"].Value != "<stdin>")
                return null;
            holding.Remove(line);
            if (StaticAssert().IsMatch(error.Groups["text"].Value))
                failing.Add(line);
        }
        return (holding, failing);
    }

    /// <summary>What the compiler says of a source, on both outputs; every error, none of them in colour.</summary>
    public async Task<string> Compile(string source, params string[] options)
    {
        string[] plain = Compiler == "clang" ? ["-ferror-limit=0", "-fno-color-diagnostics", "-fno-caret-diagnostics", "-fno-spell-checking"] : ["-fdiagnostics-plain-output"];
        using Process compiler = Process.Start(new ProcessStartInfo(Compiler, [.. Options, "-w", .. plain, .. options, "-x", "c", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C" },
        })!;
        Task<string> errors = compiler.StandardError.ReadToEndAsync();
        Task<string> output = compiler.StandardOutput.ReadToEndAsync();
        await compiler.StandardInput.WriteAsync(source);
        compiler.StandardInput.Close();
        await compiler.WaitForExitAsync();
        return await output + await errors;
    }

    [GeneratedRegex("^static(_assert| assertion) failed")]
    private static partial Regex StaticAssert();

    [GeneratedRegex("^(?<file>[^:\n]+):(?<line>\\d+):(?:\\d+:)? (?:fatal )?error: (?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex Error();
}
