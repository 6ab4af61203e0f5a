using Scry.Syscalls;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Stuck;

/// <summary>What descriptors of living processes stand for now: right for a thread that is still in its call.</summary>
internal sealed class LiveDescriptors(Holders holders) : IDescriptorNames
{
    /// <inheritdoc/>
    public DescriptorName Before(in CallRecord call, int fd)
    {
        int pid = (int)call.Header.Tid; // a thread may have descriptors of its own
        string? name = fd == DescriptorTable.WorkingDirectory ? OpenFiles.WorkingDirectoryOf(pid) : holders.NameOf(pid, fd);
        return name is null ? default : DescriptorName.OfLink(name);
    }

    /// <inheritdoc/>
    public DescriptorName Made(in CallRecord call, int fd) => default;
}
