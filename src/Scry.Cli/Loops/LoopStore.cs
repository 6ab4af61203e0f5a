using Scry.Bpf;
using Scry.Capture;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Loops;

/// <summary>
/// Where flight recorders are pinned: a directory for each, in a bpf filesystem. Who starts or stops one has the lock of its directory until it is
/// whole or gone; who makes or removes directories has the lock of the one above, for which he never waits with a recorder's in
/// hand that another waits for with this one.
/// </summary>
internal static class LoopStore
{
    /// <summary>The name of a recorder that is given none.</summary>
    public const string DefaultName = "default";

    // To start one takes a second or two, on a busy machine some more.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private const int MaxName = 64;
    private const int NotThere = 2, ReadOnly = 30; // ENOENT, EROFS
    private const string UsualMount = "/sys/fs/bpf";

    /// <summary>The names of all recorders of this user, sorted.</summary>
    /// <exception cref="ToolException">Where they would be is another user's.</exception>
    public static IReadOnlyList<string> Names() => Root() is { } root ? NamesIn(root) : [];

    /// <summary>The directory of a new recorder, made and locked: to be disposed when the recorder is whole.</summary>
    /// <exception cref="ToolException">The name is taken or none, or there is no bpf filesystem that can be written.</exception>
    public static DirectoryLock Create(string name)
    {
        Check(name);
        string root = Root() ?? Folders().FirstOrDefault() ?? Mount();
        string directory = Path.Combine(root, name);
        try
        {
            using DirectoryLock all = LockRoot(root);
            RemoveLeftOver(directory);
            if (Directory.Exists(directory))
            {
                if (!FlightRecorder.IsWhole(directory))
                    throw Busy(name);
                throw new ToolException($"there is a recorder '{name}' already",
                    $"stop it with 'scry loop stop {name}', or give this one another name");
            }
            Directory.CreateDirectory(directory);
            return DirectoryLock.Take(directory, s_patience) ?? throw Busy(name);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot pin anything in {root}: {ErrnoText.Describe(error)}", error is UnauthorizedAccessException && Users.Own != 0
                ? $"'scry loop run' pins nothing; or as root: chmod a+x {Path.GetDirectoryName(root)} && mkdir {root} && chown {Users.Own} {root}"
                : "a recorder needs a bpf filesystem that can be written: mount -o remount,rw /sys/fs/bpf");
        }
    }

    /// <summary>Removes a recorder, or what there is of it, and with the last one the directory of all.</summary>
    /// <exception cref="ToolException">It is being started, or cannot be removed.</exception>
    public static void Remove(string directory)
    {
        string root = Path.GetDirectoryName(directory)!, name = Path.GetFileName(directory);
        using DirectoryLock? all = DirectoryLock.Take(root, s_patience);
        using DirectoryLock? own = all is null ? null : DirectoryLock.Take(directory);
        if (own is null)
            throw Directory.Exists(directory) ? Busy(name) : Gone(name, []);
        try
        {
            FlightRecorder.Remove(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot remove {directory}: {ErrnoText.Describe(error)}", "the bpf filesystem must be writable");
        }
        RemoveEmpty(root);
    }

    /// <summary>Takes away the directory that was made for a recorder which could not be started.</summary>
    public static void GiveUp(DirectoryLock place)
    {
        Directory.Delete(place.Path);
        place.Dispose();
        using DirectoryLock? all = DirectoryLock.Take(Path.GetDirectoryName(place.Path)!);
        if (all is not null)
            RemoveEmpty(all.Path);
    }

    /// <summary>Removes what is left of recorders whose start or stop was cut short, none that another process is at.</summary>
    /// <returns>Their names.</returns>
    /// <exception cref="ToolException">Where they would be is another user's.</exception>
    public static IReadOnlyList<string> RemoveLeftOvers()
    {
        if (Root() is not { } root || NamesIn(root).All(name => FlightRecorder.IsWhole(Path.Combine(root, name))))
            return [];
        using DirectoryLock? all = DirectoryLock.Take(root, s_patience);
        try
        {
            string[] removed = all is null ? [] : [.. NamesIn(root).Where(name => RemoveLeftOver(Path.Combine(root, name)))];
            if (removed.Length > 0)
                RemoveEmpty(root);
            return removed;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Where nothing can be removed, each is named for what it is.
            return [];
        }
    }

    /// <summary>The directory of a recorder; without a name of the only one.</summary>
    /// <exception cref="ToolException">There is none, or without a name several.</exception>
    public static string Find(string? name)
    {
        string? root = Root();
        IReadOnlyList<string> names = root is null ? [] : NamesIn(root);
        if (name is null)
        {
            return names.Count switch
            {
                1 => Path.Combine(root!, names[0]),
                0 => throw new ToolException("no flight recorder is running", "start one with 'scry loop start -a'"),
                _ => throw new ToolException($"there are {names.Count} recorders: {string.Join(", ", names.Take(8))}", "give the name of one", ExitCode.Usage),
            };
        }
        Check(name);
        return names.Contains(name) ? Path.Combine(root!, name) : throw Gone(name, names);
    }

    /// <summary>Opens a recorder.</summary>
    /// <exception cref="ToolException">It was not started to the end, or by a Scry that lays its memory out in another way.</exception>
    public static FlightRecorder Open(string directory, out LoopAbout about)
    {
        string name = Path.GetFileName(directory);
        FlightRecorder recorder = TryOpen(directory) ?? OpenSettled(directory);
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

    // Another command may be at it: what it is shows when that is done.
    private static FlightRecorder OpenSettled(string directory)
    {
        string name = Path.GetFileName(directory);
        DirectoryLock.Take(directory, s_patience)?.Dispose();
        return TryOpen(directory) ?? throw (Directory.Exists(directory)
            ? new ToolException($"the recorder '{name}' is not whole: its start or its stop was cut short", $"'scry loop stop {name}' removes what is left")
            : Gone(name, []));
    }

    // Null when something of it is missing.
    private static FlightRecorder? TryOpen(string directory)
    {
        try
        {
            return FlightRecorder.Open(directory);
        }
        catch (NativeException error) when (error.Errno == NotThere)
        {
            return null;
        }
        catch (NativeException error)
        {
            throw new ToolException($"cannot open the recorder '{Path.GetFileName(directory)}': {ErrnoText.Describe(error.Errno)}",
                error.Errno == ReadOnly ? "the bpf filesystem must be writable: mount -o remount,rw " + Path.GetDirectoryName(Path.GetDirectoryName(directory)) : null);
        }
    }

    private static ToolException Gone(string name, IReadOnlyList<string> others) =>
        new($"there is no recorder '{name}'", others.Count > 0 ? $"there is {string.Join(", ", others.Take(8))}" : "start one with 'scry loop start'");

    private static ToolException Busy(string name) =>
        new($"the recorder '{name}' is being started or stopped by another command", "repeat this when that one is done");

    private static string[] NamesIn(string root)
    {
        try
        {
            return [.. Directory.GetDirectories(root).Select(directory => Path.GetFileName(directory)).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            // Stopped meanwhile, as the last.
            return [];
        }
    }

    // Who stops the last recorder removes the directory.
    private static DirectoryLock LockRoot(string root)
    {
        for (long started = Environment.TickCount64; Environment.TickCount64 - started < s_patience.TotalMilliseconds;)
        {
            Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            RequireOwn(root);
            if (DirectoryLock.Take(root, s_patience) is { } taken)
                return taken;
        }
        throw new ToolException($"another command has {root} for itself", "repeat this when that one is done");
    }

    // With the root's lock in hand. Whether there was something that nobody is at.
    private static bool RemoveLeftOver(string directory)
    {
        using DirectoryLock? own = DirectoryLock.Take(directory);
        if (own is null || FlightRecorder.IsWhole(directory))
            return false;
        FlightRecorder.Remove(directory);
        return true;
    }

    private static void RemoveEmpty(string root)
    {
        try
        {
            Directory.Delete(root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Others are in it, or it was made by someone else for this user.
        }
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
