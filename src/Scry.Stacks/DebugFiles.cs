using Microsoft.Win32.SafeHandles;

namespace Scry.Stacks;

/// <summary>
/// Where debug information lies that is not in the program itself: by build id, by the name that the program says (.gnu_debuglink), in
/// debuginfod's local cache; in the filesystem of the process too. What is found is only a candidate: the worker compares it with the program.
/// </summary>
internal sealed class DebugFiles(Opener opener)
{
    private const string Root = "/usr/lib/debug";

    private readonly string[] _caches = [.. Caches().Distinct()];
    private readonly HashSet<uint> _owners = [.. Owners()];

    /// <summary>Files that may have the debug information of one.</summary>
    /// <param name="file">The file.</param>
    /// <param name="answer">What the worker said of it.</param>
    public IEnumerable<(SafeFileHandle File, bool ByCrc)> Of(MappedFile file, FileAnswer answer)
    {
        foreach (string path in ByBuildId(answer.BuildId))
        {
            foreach (SafeFileHandle found in InRoots(path, file.Tgid))
                yield return (found, false);
        }
        foreach (string cache in answer.BuildId is null ? [] : _caches)
        {
            if (Owned($"{cache}/{answer.BuildId}/debuginfo") is { } found)
                yield return (found, false);
        }
        if (!IsName(answer.DebugLink) || Path.GetDirectoryName(file.Path) is not { } directory || !directory.StartsWith('/'))
            yield break;
        foreach (string path in (string[])[$"{directory}/{answer.DebugLink}", $"{directory}/.debug/{answer.DebugLink}", $"{Root}{directory}/{answer.DebugLink}"])
        {
            foreach (SafeFileHandle found in InRoots(path, file.Tgid))
                yield return (found, true);
        }
    }

    /// <summary>Files that may have what dwz(1) moved out of a debug file.</summary>
    public IEnumerable<SafeFileHandle> AltOf(MappedFile file, FileAnswer answer)
    {
        foreach (string path in ByBuildId(answer.AltBuildId))
        {
            foreach (SafeFileHandle found in InRoots(path, file.Tgid))
                yield return found;
        }
        // Relative to the debug file, "../../.dwz/NAME", or whole.
        int at = answer.AltName.LastIndexOf("/.dwz/", StringComparison.Ordinal);
        if (at < 0 || answer.AltName[at..].Contains("..", StringComparison.Ordinal))
            yield break;
        foreach (SafeFileHandle found in InRoots(Root + answer.AltName[at..], file.Tgid))
            yield return found;
    }

    private static IEnumerable<string> ByBuildId(string? id) => id is null ? [] : [$"{Root}/.build-id/{id[..2]}/{id[2..]}.debug"];

    private static bool IsName(string name) => name.Length > 0 && !name.Contains('/') && name is not ("." or "..");

    // Below the process's own root a link may lead anywhere. What has no size is the kernel's: to read it may do something.
    private IEnumerable<SafeFileHandle> InRoots(string path, uint tgid)
    {
        foreach ((string root, bool follow) in ((string, bool)[])[("", true), ($"/proc/{tgid}/root", false)])
        {
            SafeFileHandle? found = opener.Open(root + path, follow, out Native.Status status);
            if (found is not null && status.Size > 0)
                yield return found;
            else
                found?.Dispose();
        }
    }

    private SafeFileHandle? Owned(string path)
    {
        SafeFileHandle? found = opener.Open(path, follow: false, out Native.Status status);
        if (found is not null && _owners.Contains(status.Owner) && status.Size > 0)
            return found;
        found?.Dispose();
        return null;
    }

    private static IEnumerable<string> Caches()
    {
        if (Environment.GetEnvironmentVariable("DEBUGINFOD_CACHE_PATH") is { Length: > 0 } named)
            yield return named;
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache)
            yield return $"{cache}/debuginfod_client";
        foreach (string? home in (string?[])[Environment.GetEnvironmentVariable("HOME"), SudoHome()])
        {
            if (home is { Length: > 0 })
                yield return $"{home}/.cache/debuginfod_client";
        }
    }

    // Who called sudo(8) has a cache of his own.
    private static string? SudoHome()
    {
        if (Environment.GetEnvironmentVariable("SUDO_USER") is not { Length: > 0 } user || !File.Exists("/etc/passwd"))
            return null;
        string[]? entry = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).FirstOrDefault(words => words.Length > 5 && words[0] == user);
        return entry?[5];
    }

    private static IEnumerable<uint> Owners()
    {
        yield return 0;
        yield return Native.EffectiveUser();
        if (uint.TryParse(Environment.GetEnvironmentVariable("SUDO_UID"), out uint user))
            yield return user;
    }
}
