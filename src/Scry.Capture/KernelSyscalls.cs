using Scry.Bpf;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>A syscall as the running kernel has it.</summary>
/// <param name="Name">Without prefixes: <c>openat</c>.</param>
/// <param name="Parameters">From its prototype; empty when the compiler left none.</param>
public sealed record KernelSyscall(string Name, IReadOnlyList<BtfParameter> Parameters);

/// <summary>
/// Asks the running kernel what a syscall number is, for numbers newer than the facts: its symbols name the function that it calls,
/// BTF has the prototype.
/// </summary>
public sealed class KernelSyscalls : IDisposable
{
    private readonly KernelDispatch _dispatch = new();
    private readonly KernelBtf _btf = KernelBtf.Load();

    /// <summary>What the kernel calls for a number.</summary>
    /// <returns>Null when it has no such syscall, or dispatches in a way that this does not know.</returns>
    public KernelSyscall? Describe(Abi abi, uint nr)
    {
        if (_dispatch.AddressOf(abi, nr) is not { } target || _dispatch.CallAt(target) is not { } name || name == KernelDispatch.NoCall)
            return null;
        return new KernelSyscall(name, _btf.TryGetParameters("__do_sys_" + name, out BtfParameter[] parameters) ? parameters : []);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _dispatch.Dispose();
        _btf.Dispose();
    }
}
