using Microsoft.Win32.SafeHandles;

namespace Scry.Targets;

/// <summary>
/// A file that Scry writes, mostly as root. Nothing that another user laid out where it is to be is written through, waited for, or
/// kept: it is made under a name that nobody can foresee, by its directory's descriptor, and takes its own name by a rename.
/// </summary>
public sealed class OutputFile : IDisposable
{
    private const uint OwnerOnly = 0x180 /* 0600 */, AsTheMaskSays = 0x1b6; // 0666
    private const int WritableByOthers = 0x12; // 0022
    private const int Sticky = 0x200;
    private const int LongestName = 255;
    private const string Suffix = ".partial";

    private readonly SafeFileHandle _directory;
    private readonly string _name;
    // Its name now; null: its own.
    private string? _partial;

    private OutputFile(SafeFileHandle directory, string name, string? partial, SafeFileHandle file)
    {
        (_directory, _name, _partial) = (directory, name, partial);
        Stream = new FileStream(file, FileAccess.Write, bufferSize: 0);
    }

    /// <summary>Where it is written.</summary>
    public FileStream Stream { get; }

    /// <summary>A new file, which only its owner can read; what has the name already is left alone.</summary>
    /// <exception cref="IOException">There is one, or it cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    public static OutputFile New(string path)
    {
        (SafeFileHandle directory, string name) = Place(path);
        return Make(directory, name, null, OwnerOnly);
    }

    /// <summary>
    /// A file that takes its name with <see cref="Keep"/>, in place of any file or link that has it then; until then it is not there.
    /// A device, as /dev/null, is written to as it is.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="forOwner">Whether only its owner can read it.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    public static OutputFile Replace(string path, bool forOwner = true)
    {
        (SafeFileHandle directory, string name) = Place(path);
        // Only the kernel makes devices: nobody else could have laid it out.
        if (NativeFiles.Look(directory, name) is { Format: NativeFiles.FormatCharacters })
            return Use(directory, name, NativeFiles.WriteOnly | NativeFiles.NoFollow);
        return Make(directory, name, PartialOf(name), forOwner ? OwnerOnly : AsTheMaskSays);
    }

    /// <summary>
    /// A file for lines that are read while they come: there at once, under its name. In a directory where nobody else can write, a file that
    /// is there is emptied, links are followed, and pipes and devices are written to, as everywhere; where others can, a file is replaced,
    /// and of the rest only what is the user's own, or root's, is used.
    /// </summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made, or another user's link or pipe has its name.</exception>
    public static FileStream Live(string path)
    {
        (SafeFileHandle directory, string name) = Place(path);
        const int whole = NativeFiles.WriteOnly | NativeFiles.Create | NativeFiles.Truncate;
        if (!OthersCanWrite(directory, out bool sticky))
            return Use(directory, name, whole).Alone();
        switch (NativeFiles.Look(directory, name))
        {
            case null or { Format: NativeFiles.FormatRegular }:
                OutputFile file = Make(directory, name, PartialOf(name), AsTheMaskSays);
                try
                {
                    file.TakeName(name);
                    return file.Alone();
                }
                catch
                {
                    file.Dispose();
                    throw;
                }
            // Sticky: nobody can exchange it. One link: nobody brought it here.
            case { } there when sticky && there.Links == 1 && IsTrusted(there.Owner):
                return Use(directory, name, NativeFiles.WriteOnly | (there.Format == NativeFiles.FormatLink ? NativeFiles.Create | NativeFiles.Truncate : NativeFiles.NoFollow)).Alone();
            case { Format: NativeFiles.FormatCharacters }:
                return Use(directory, name, NativeFiles.WriteOnly | NativeFiles.NoFollow).Alone();
            default:
                directory.Dispose();
                throw new IOException("no regular file is there, and others can write the directory");
        }
    }

    /// <summary>A file that lines are written behind the end of: as <see cref="Live"/>, but what it has stays.</summary>
    /// <exception cref="IOException">As of <see cref="Live"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">As of <see cref="Live"/>.</exception>
    public static FileStream Behind(string path)
    {
        (SafeFileHandle directory, string name) = Place(path);
        const int behind = NativeFiles.WriteOnly | NativeFiles.Create | NativeFiles.Append;
        if (!OthersCanWrite(directory, out _) || NativeFiles.Look(directory, name) is not { } there)
            return Use(directory, name, behind | NativeFiles.NoFollow).Alone();
        if (there is { Format: NativeFiles.FormatRegular, Links: 1 } && IsTrusted(there.Owner))
            return Use(directory, name, behind | NativeFiles.NoFollow).Alone();
        directory.Dispose();
        throw new IOException("others can write the directory, and the file there is not one's own");
    }

    /// <summary>A file that is read: a regular one; links are followed, nothing is waited for.</summary>
    /// <exception cref="NotSupportedException">It is no regular file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SafeFileHandle Read(string path)
    {
        SafeFileHandle file = NativeFiles.Open(path, NativeFiles.ReadOnly | NativeFiles.NonBlocking);
        if (NativeFiles.Look(file, "") is { Format: NativeFiles.FormatRegular })
            return file;
        file.Dispose();
        throw new NotSupportedException("not a regular file");
    }

    /// <summary>Whether something has this name; of a link, the link itself.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isFile">Whether it is a regular file, or a device.</param>
    /// <param name="owner">Whose it is.</param>
    public static bool IsTaken(string path, out bool isFile, out uint owner)
    {
        (isFile, owner) = (false, 0);
        try
        {
            (SafeFileHandle directory, string name) = Place(path);
            using (directory)
            {
                if (NativeFiles.Look(directory, name) is not { } there)
                    return false;
                (isFile, owner) = (there.Format is NativeFiles.FormatRegular or NativeFiles.FormatCharacters, there.Owner);
                return true;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Whoever makes the file learns why not.
            return false;
        }
    }

    /// <summary>Has the disk take it all, and gives it its name.</summary>
    /// <exception cref="IOException">It could not be written, or a directory has its name.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not have its name.</exception>
    public void Keep() => KeepAs(_name);

    /// <summary>The same under another name in its directory.</summary>
    /// <exception cref="IOException">As <see cref="Keep"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">As <see cref="Keep"/>.</exception>
    public void KeepAs(string name)
    {
        if (Stream.CanSeek)
            Stream.Flush(flushToDisk: true);
        TakeName(name);
    }

    /// <summary>Gives it its name now; what is written later goes there too.</summary>
    /// <exception cref="IOException">A directory has its name.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not have its name.</exception>
    public void Show() => TakeName(_name);

    /// <summary>Takes it away, that has its name already.</summary>
    public void Remove() => NativeFiles.Unlink(_directory, _partial ?? _name);

    /// <summary>Closes it; one that has no name yet is gone.</summary>
    public void Dispose()
    {
        Stream.Dispose();
        if (_partial is not null)
            NativeFiles.Unlink(_directory, _partial);
        _partial = null;
        _directory.Dispose();
    }

    /// <summary>Whether a name is that of a file that was never finished: its writer was killed.</summary>
    public static bool IsPartial(string name) => name.StartsWith('.') && name.EndsWith(Suffix, StringComparison.Ordinal);

    private FileStream Alone()
    {
        _directory.Dispose();
        return Stream;
    }

    private void TakeName(string name)
    {
        if (_partial is null)
            return;
        NativeFiles.Rename(_directory, _partial, name);
        _partial = null;
    }

    private static (SafeFileHandle Directory, string Name) Place(string path)
    {
        string name = Path.GetFileName(path);
        if (path.Length == 0)
            throw new ArgumentException("not the name of a file");
        if (name is "" or "." or "..")
            throw new UnauthorizedAccessException();
        string folder = path[..^name.Length];
        return (NativeFiles.Open(folder.Length == 0 ? "." : folder, NativeFiles.PathOnly | NativeFiles.Directory), name);
    }

    private static OutputFile Make(SafeFileHandle directory, string name, string? partial, uint mode)
    {
        try
        {
            return new OutputFile(directory, name, partial, NativeFiles.Open(directory, partial ?? name,
                NativeFiles.WriteOnly | NativeFiles.Create | NativeFiles.Exclusive | NativeFiles.NoFollow, mode));
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    private static OutputFile Use(SafeFileHandle directory, string name, int flags)
    {
        try
        {
            return new OutputFile(directory, name, null, NativeFiles.Open(directory, name, flags, AsTheMaskSays));
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    private static string PartialOf(string name)
    {
        string random = "." + NativeFiles.Unforeseeable() + Suffix;
        // A character takes at most three bytes for each of its UTF-16 units.
        return "." + name[..Math.Min(name.Length, (LongestName - random.Length) / 3 - 1)] + random;
    }

    private static bool OthersCanWrite(SafeFileHandle directory, out bool sticky)
    {
        NativeFiles.Status status = NativeFiles.Look(directory, "") ?? throw new UnauthorizedAccessException();
        sticky = (status.Mode & Sticky) != 0;
        return (status.Mode & WritableByOthers) != 0 || !IsTrusted(status.Owner);
    }

    private static bool IsTrusted(uint owner) => owner == 0 || owner == Users.Own;
}
