using System.Text;

namespace Scry.Cli.Launch;

/// <summary>Finds the file of a command as execvp(3) does.</summary>
internal static class CommandPath
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The path to execute.</summary>
    /// <param name="name">As given; with a slash in it, it is a path already.</param>
    /// <param name="searchPath">PATH's value; null means the C library's default.</param>
    /// <exception cref="ToolException">There is no such file, or it is not executable.</exception>
    public static string Resolve(string name, string? searchPath)
    {
        if (name.Length == 0)
            throw new ToolException("the command's name is empty", null, ExitCode.Usage);
        if (name.Contains('/'))
            return Check(name) is { } reason ? throw CannotRun(name, reason) : name;
        string? found = null;
        foreach (string directory in (searchPath ?? "/bin:/usr/bin").Split(':'))
        {
            string path = directory.Length == 0 ? "./" + name : directory.TrimEnd('/') + "/" + name;
            string? reason = Check(path);
            if (reason is null)
                return path;
            if (reason != NotFound)
                found ??= $"{path} is {reason}";
        }
        throw CannotRun(name, found ?? "not found in PATH");
    }

    /// <summary>
    /// The last <paramref name="count"/> arguments of this process with a NUL after each, byte for byte: .NET's
    /// strings would replace what is not UTF-8.
    /// </summary>
    public static byte[] RawArguments(int count)
    {
        byte[] line = File.ReadAllBytes("/proc/self/cmdline");
        int start = line.Length;
        for (int i = 0; i < count; i++)
            start = line.AsSpan(0, start - 1).LastIndexOf((byte)0) + 1;
        return line[start..];
    }

    /// <summary>The words that the launcher takes: the path, then the arguments.</summary>
    /// <param name="path">What is executed.</param>
    /// <param name="count">Arguments, its name with them.</param>
    /// <param name="argv0">Another name than the one that was given; null: that one.</param>
    public static byte[] Words(string path, int count, string? argv0 = null)
    {
        byte[] arguments = RawArguments(count);
        if (argv0 is not null)
            arguments = [.. Encoding.UTF8.GetBytes(argv0), .. arguments[arguments.IndexOf((byte)0)..]];
        return [.. Encoding.UTF8.GetBytes(path), 0, .. arguments];
    }

    /// <summary>The error for a command that cannot be run.</summary>
    public static ToolException CannotRun(string name, string reason) =>
        new($"cannot run '{Printable.Escape(name)}': {reason}");

    private const string NotFound = "not found";

    private static string? Check(string path)
    {
        if (Directory.Exists(path))
            return "a directory";
        if (!File.Exists(path))
            return NotFound;
        return (File.GetUnixFileMode(path) & AnyExecute) == 0 ? "not executable" : null;
    }
}
