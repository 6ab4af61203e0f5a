using Scry.Bpf;
using Scry.Capture;
using Scry.Wire;

namespace Scry.Cli.Tracing;

/// <summary>The running kernel's own words for syscalls that the facts do not know; read when the first one is met.</summary>
internal sealed class KernelNames : IDisposable
{
    private readonly Lazy<KernelSyscalls?> _kernel = new(Read);

    /// <summary>A number's name and its parameters' names; null when the kernel does not tell.</summary>
    public (string Name, string[] Parameters)? Describe(Abi abi, uint nr) =>
        _kernel.Value?.Describe(abi, nr) is { } known ? (known.Name, [.. known.Parameters.Select(parameter => parameter.Name)]) : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_kernel.IsValueCreated)
            _kernel.Value?.Dispose();
    }

    // Without the kernel's help an unknown number is still shown, as a number.
    private static KernelSyscalls? Read()
    {
        try
        {
            return new KernelSyscalls();
        }
        catch (Exception error) when (error is NativeException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
