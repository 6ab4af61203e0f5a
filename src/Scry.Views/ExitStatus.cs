namespace Scry.Views;

/// <summary>How a thread ended, from the status that wait(2) reports.</summary>
internal readonly struct ExitStatus(uint status)
{
    /// <summary>The signal that ended it, or 0.</summary>
    public uint Signal => status & 0x7f;

    /// <summary>Without a signal: what it gave to exit(2).</summary>
    public int Code => (int)(status >> 8 & 0xff);

    /// <summary>A core file was written.</summary>
    public bool CoreDumped => (status & 0x80) != 0;
}
