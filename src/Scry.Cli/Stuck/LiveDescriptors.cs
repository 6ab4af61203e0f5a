using System.Text;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Stuck;

/// <summary>What descriptors of living processes stand for now: right for a thread that is still in its call.</summary>
internal sealed class LiveDescriptors(Holders holders) : IDescriptorNames
{
    private const string DeletedMark = " (deleted)";

    /// <inheritdoc/>
    public DescriptorName Before(in CallRecord call, int fd)
    {
        int pid = (int)call.Header.Tid; // a thread may have descriptors of its own
        string? name = fd == DescriptorTable.WorkingDirectory ? OpenFiles.WorkingDirectoryOf(pid) : holders.NameOf(pid, fd);
        if (name is null)
            return default;
        bool deleted = name.StartsWith('/') && name.EndsWith(DeletedMark, StringComparison.Ordinal);
        return new DescriptorName(Encoding.UTF8.GetBytes(deleted ? name[..^DeletedMark.Length] : name), deleted);
    }

    /// <inheritdoc/>
    public DescriptorName Made(in CallRecord call, int fd) => default;
}
