using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>What a descriptor stands for, as <c>/proc/PID/fd</c> has it; hostile text. Borrowed until the next question.</summary>
/// <param name="path">A path, or a name as <c>anon_inode:[eventfd]</c>; empty when nothing is known.</param>
/// <param name="deleted">Whether the file has no name any more: <paramref name="path"/> is then without <c> (deleted)</c>.</param>
public readonly ref struct DescriptorName(ReadOnlySpan<byte> path, bool deleted = false)
{
    private const string DeletedMark = " (deleted)";

    /// <summary>By the text of a link of <c>/proc/PID/fd</c>.</summary>
    public static DescriptorName OfLink(string link)
    {
        bool deleted = link.StartsWith('/') && link.EndsWith(DeletedMark, StringComparison.Ordinal);
        return new(ByteText.Bytes(deleted ? link[..^DeletedMark.Length] : link), deleted);
    }

    /// <summary>The path or name; empty when nothing is known.</summary>
    public ReadOnlySpan<byte> Path { get; } = path;

    /// <summary>Whether the file has no name any more.</summary>
    public bool Deleted { get; } = deleted;
}

/// <summary>Knows descriptors by name: what makes the decoder print <c>3&lt;/etc/passwd&gt;</c> (strace -y).</summary>
public interface IDescriptorNames
{
    /// <summary>What a descriptor stood for when the call began.</summary>
    /// <param name="call">The call.</param>
    /// <param name="fd">A descriptor of its process; <see cref="DescriptorTable.WorkingDirectory"/> for the working directory.</param>
    DescriptorName Before(in CallRecord call, int fd);

    /// <summary>What a descriptor stands for that the call made: its result, or one that it wrote to memory.</summary>
    /// <param name="call">The call.</param>
    /// <param name="fd">The new descriptor.</param>
    DescriptorName Made(in CallRecord call, int fd);
}
