namespace Scry.Capture;

/// <summary>Where calls are seen.</summary>
public enum AttachMode
{
    /// <summary>At the functions of the chosen calls where they are few and the kernel can, else at the tracepoints.</summary>
    Auto,
    /// <summary>At the tracepoints of all calls: each call of the machine pays for it.</summary>
    Tracepoint,
    /// <summary>At the kernel's functions of the chosen calls: no other call pays.</summary>
    Function,
}
