namespace Scry.Wire;

/// <summary>A function at a place in code that a call came from, as <see cref="CaptureFlags.Places"/> numbers them. All its texts are hostile.</summary>
/// <param name="Function">Its name, demangled; empty when it is not known.</param>
/// <param name="File">The source file; null when it is not known.</param>
/// <param name="Line">The line in it; 0 when it is not known.</param>
/// <param name="Module">What is mapped there: a file's path, <c>[vdso]</c>, <c>[anon]</c>; null when nothing is.</param>
/// <param name="BuildId">The build id of the file, in hexadecimal; null when it has none.</param>
/// <param name="Address">The address as the module's own tables count it; of no module, in the process.</param>
/// <param name="Offset">Bytes from the function's begin; of an unnamed one 0.</param>
/// <param name="IsInlined">Whether it is inlined into the function of the place that follows.</param>
/// <param name="End">Why the stack goes no further than here, where that is not its end; null: it does. Such a place is no function.</param>
public sealed record Place(
    string Function, string? File, int Line, string? Module, string? BuildId, ulong Address, ulong Offset, bool IsInlined, string? End = null);
