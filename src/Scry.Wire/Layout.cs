namespace Scry.Wire;

/// <summary>Sizes and limits of wire.h.</summary>
public static class Layout
{
    /// <summary>SCRY_WIRE_VERSION.</summary>
    public const uint Version = 1;
    /// <summary>SCRY_NR_MAX: numbers below it have a plan.</summary>
    public const int MaxNr = 512;
    /// <summary>SCRY_ABI_COUNT: ABIs with plans of their own.</summary>
    public const int AbiCount = 2;
    /// <summary>SCRY_RING_HEADER: bytes before a ring's data.</summary>
    public const int RingHeader = 4096;
    /// <summary>SCRY_RECORD_MAX: bytes of the largest record.</summary>
    public const int MaxRecord = 256 * 1024;
    /// <summary>SCRY_LOST_REASONS.</summary>
    public const int LostReasons = 4;
    /// <summary>SCRY_RECORD_KINDS.</summary>
    public const int RecordKinds = 8;
}
