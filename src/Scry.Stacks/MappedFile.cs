using Microsoft.Win32.SafeHandles;

namespace Scry.Stacks;

/// <summary>Which file it is, whatever its path: the device, the inode; and of what order they are, where that is not the kernel's.</summary>
internal readonly record struct FileKey(uint Major, uint Minor, ulong Inode, ulong Sort = 0);

/// <summary>A file that code is mapped from.</summary>
internal sealed class MappedFile(FileKey key, string path)
{
    /// <summary>Which one it is.</summary>
    public FileKey Key { get; } = key;

    /// <summary>Its path as the process has it; hostile.</summary>
    public string Path { get; } = path;

    /// <summary>It, open; null when it could not be opened, or was closed for others.</summary>
    public SafeFileHandle? Handle { get; set; }

    /// <summary>A process that has it mapped: its debug files may lie below that one's root.</summary>
    public uint Tgid { get; set; }

    /// <summary>When it was mapped last, as a count.</summary>
    public long Used { get; set; }

    /// <summary>When the worker needed it last, as a count.</summary>
    public long Asked { get; set; }

    /// <summary>Its number in the worker of <see cref="Worker"/>.</summary>
    public uint Id { get; set; }

    /// <summary>The number of the worker that has it; 0: none.</summary>
    public int Worker { get; set; }

    /// <summary>Whether that one was given its debug file, or there is none.</summary>
    public bool HasDebug { get; set; }

    /// <summary>Why it is not used; null: it is.</summary>
    public string? Refused { get; set; }

    /// <summary>How often the worker failed at it.</summary>
    public int Failures { get; set; }

    /// <summary>Whether its debug files are not used: with them the worker failed.</summary>
    public bool DebugRefused { get; set; }

    /// <summary>What the worker said of it.</summary>
    public FileAnswer? Answer { get; set; }
}
