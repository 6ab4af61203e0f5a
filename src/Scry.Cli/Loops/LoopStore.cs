using Scry.Bpf;
using Scry.Capture;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Loops;

/// <summary>Where flight recorders are pinned: a directory for each, in a bpf filesystem.</summary>
internal static class LoopStore
{
    /// <summary>The name of a recorder that is given none.</summary>
    public const string DefaultName = "default";

    private const int MaxName = 64;
    private const int NotThere = 2, ReadOnly = 30; // ENOENT, EROFS
    private const string UsualMount = "/sys/fs/bpf";

    /// <summary>The names of all recorders of this user, sorted.</summary>
    /// <exception cref="ToolException">Where they would be is another user's.</exception>
    public static IReadOnlyList<string> Names() => Root() is { } root
        ? [.. Directory.GetDirectories(root).Select(directory => Path.GetFileName(directory)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>The directory of a new recorder, made.</summary>
    /// <exception cref="ToolException">The name is taken or none, or there is no bpf filesystem that can be written.</exception>
    public static string Create(string name)
    {
        Check(name);
        string root = Root() ?? Folders().FirstOrDefault() ?? Mount();
        string directory = Path.Combine(root, name);
        try
        {
            Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            RequireOwn(root);
            if (Directory.Exists(directory))
            {
                throw new ToolException($"there is a recorder '{name}' already",
                    $"stop it with 'scry loop stop {name}', or give this one another name");
            }
            Directory.CreateDirectory(directory);
            return directory;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot pin anything in {root}: {ErrnoText.Describe(error)}", error is UnauthorizedAccessException && Users.Own != 0
                ? $"'scry loop run' pins nothing; or as root: chmod a+x {Path.GetDirectoryName(root)} && mkdir {root} && chown {Users.Own} {root}"
                : "a recorder needs a bpf filesystem that can be written: mount -o remount,rw /sys/fs/bpf");
        }
    }

    /// <summary>The directory of a recorder; without a name of the only one.</summary>
    /// <exception cref="ToolException">There is none, or without a name several.</exception>
    public static string Find(string? name)
    {
        IReadOnlyList<string> names = Names();
        if (name is null)
        {
            return names.Count switch
            {
                1 => Path.Combine(Root()!, names[0]),
                0 => throw new ToolException("no flight recorder is running", "start one with 'scry loop start -a'"),
                _ => throw new ToolException($"there are {names.Count} recorders: {string.Join(", ", names.Take(8))}", "give the name of one", ExitCode.Usage),
            };
        }
        Check(name);
        if (!names.Contains(name))
            throw new ToolException($"there is no recorder '{name}'", names.Count > 0 ? $"there is {string.Join(", ", names.Take(8))}" : "start one with 'scry loop start'");
        return Path.Combine(Root()!, name);
    }

    /// <summary>Opens a recorder.</summary>
    /// <exception cref="ToolException">It was not started to the end, or by a Scry that lays its memory out in another way.</exception>
    public static FlightRecorder Open(string directory, out LoopAbout about)
    {
        string name = Path.GetFileName(directory);
        FlightRecorder recorder;
        try
        {
            recorder = FlightRecorder.Open(directory);
        }
        catch (NativeException error) when (error.Errno != NotThere)
        {
            throw new ToolException($"cannot open the recorder '{name}': {ErrnoText.Describe(error.Errno)}",
                error.Errno == ReadOnly ? "the bpf filesystem must be writable: mount -o remount,rw " + Path.GetDirectoryName(Path.GetDirectoryName(directory)) : null);
        }
        catch (NativeException)
        {
            throw new ToolException($"the recorder '{name}' is not whole: its start or its stop was cut short", $"'scry loop stop {name}' removes what is left");
        }
        LoopAbout? read = LoopAbout.Read(recorder.About);
        if (read?.WireVersion != Layout.Version)
        {
            recorder.Dispose();
            throw new ToolException($"the recorder '{name}' was started by another version of Scry ({Printable.Escape(read?.ScryVersion ?? "unknown")})",
                $"dump it with that version, or 'scry loop stop {name}'");
        }
        about = read;
        return recorder;
    }

    private static void Check(string name)
    {
        if (name.Length is 0 or > MaxName || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
        {
            throw new ToolException($"'{Printable.Escape(name)}' cannot be a recorder's name",
                $"write at most {MaxName} letters, digits, - and _", ExitCode.Usage);
        }
    }

    // Each user has a directory of his own: what is pinned there is at nobody else's mercy.
    private static string FolderName => Users.Own == 0 ? "scry" : $"scry-{Users.Own}";

    // Where it may be, in the mount that other tools use before any other.
    private static IEnumerable<string> Folders() => File.ReadLines("/proc/self/mounts").Select(line => line.Split(' '))
        .Where(words => words.Length > 2 && words[2] == "bpf").Select(words => words[1])
        .OrderBy(mount => mount != UsualMount).Select(mount => Path.Combine(mount, FolderName));

    // Where it is.
    private static string? Root()
    {
        string? root = Folders().FirstOrDefault(Directory.Exists);
        if (root is not null)
            RequireOwn(root);
        return root;
    }

    private static void RequireOwn(string root)
    {
        if (Users.OwnerOf(root) is { } owner && owner != Users.Own)
            throw new ToolException($"{root} belongs to user {owner}, who could have put anything there", $"rmdir {root} (of a link: rm), when it is not known what for");
    }

    private static string Mount()
    {
        try
        {
            BpfSystem.MountFileSystem(UsualMount);
            return Path.Combine(UsualMount, "scry");
        }
        catch (NativeException error)
        {
            throw new ToolException($"no bpf filesystem is mounted, and {UsualMount} cannot be: {ErrnoText.Describe(error.Errno)}",
                "mount one anywhere, with CAP_SYS_ADMIN: mount -t bpf bpf DIRECTORY; 'scry loop run' needs none");
        }
    }
}
