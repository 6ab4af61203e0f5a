using Scry.Wire;

namespace Scry.Views.Slow;

/// <summary>A function of the kernel. Of a recording, its name is hostile.</summary>
/// <param name="Name">Its name; of an address that is none's, the address.</param>
/// <param name="IsScheduler">Whether it is one of those that put a thread to sleep, which a wait channel leaves out.</param>
public readonly record struct KernelFunction(string Name, bool IsScheduler);

/// <summary>Names what addresses of the kernel, and numbers of places in programs, stand for.</summary>
public interface IStackNames
{
    /// <summary>The function that a return address lies in.</summary>
    KernelFunction Kernel(ulong address);

    /// <summary>A place in a program, by its number in a PLACES capture; null: there is none.</summary>
    Place? Place(uint number);
}
