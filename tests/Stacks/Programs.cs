using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Scry.Tests.Stacks;

/// <summary>The programs of programs/, compiled where they are needed first.</summary>
internal static class Programs
{
    private static readonly Dictionary<string, string> s_made = [];
    private static readonly Lazy<string> s_folder = new(Folder);

    /// <summary>The repository.</summary>
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(Here(), "../.."));

    /// <summary>The binary that serves as worker.</summary>
    public static string Scry { get; } = File.Exists($"{Repository}/out/scry") ? $"{Repository}/out/scry" : throw new InvalidOperationException("out/scry is missing: run ./test");

    /// <summary>A source.</summary>
    public static string Source(string name) => Path.Combine(AppContext.BaseDirectory, "programs", name);

    /// <summary>A file of this run.</summary>
    public static string InFolder(string name) => Path.Combine(s_folder.Value, name);

    /// <summary>A program, made once by a command in which {out} and {dir} are its path and the sources' directory.</summary>
    public static string Make(string name, string command)
    {
        if (s_made.TryGetValue(name, out string? made))
            return made;
        made = InFolder(name);
        Shell(command.Replace("{out}", made, StringComparison.Ordinal).Replace("{dir}", Path.GetDirectoryName(Source("deep.c")), StringComparison.Ordinal));
        return s_made[name] = made;
    }

    /// <summary>Runs a command, which must succeed.</summary>
    public static string Shell(string command)
    {
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = shell.StandardError.ReadToEndAsync();
        string output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        return shell.ExitCode == 0 ? output : throw new InvalidOperationException($"{command}: {errors.Result}{output}");
    }

    private static string Folder()
    {
        string folder = Directory.CreateTempSubdirectory("scry-stacks-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        return folder;
    }

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
