using System.Runtime.CompilerServices;
using Xunit;

namespace Scry.Tests.Kernels.Harness;

/// <summary>A test about a script that ran in a virtual machine: it is run there before any of the tests, in a directory of its own.</summary>
/// <param name="script">For busybox's sh, with the functions of guest/functions.sh and all programs on the PATH.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InMachineAttribute(string script, [CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : FactAttribute(file, line)
{
    /// <summary>What is run.</summary>
    public string Script { get; } = script;

    /// <summary>What is shown to work, as a column of docs/KERNELS.md; a method without one is in no column.</summary>
    public string? Shows { get; init; }
}
