using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Wire;

/// <summary>Kinds of id that a thread has.</summary>
public enum PidKind
{
    /// <summary>Its own.</summary>
    Thread,
    /// <summary>Its process's.</summary>
    Process,
    /// <summary>Its process group's.</summary>
    Group,
    /// <summary>Its session's.</summary>
    Session,
}

/// <summary>A thread's ids in its pid namespaces (<c>struct scry_pids</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PidFacts
{
    /// <summary>Inode numbers of the namespaces, the innermost first; 0: no more than there are before.</summary>
    public PidSpaceArray Spaces;
    /// <summary>Its ids there, those of one namespace behind one another.</summary>
    public PidArray Ids;
    /// <summary>Its ids where Scry runs.</summary>
    public PidHere Here;

    /// <summary>Those that a TASK record has behind it.</summary>
    /// <returns>False when that was not asked for.</returns>
    public static bool TryOfTask(ReadOnlySpan<byte> record, out PidFacts facts)
    {
        bool there = record.Length >= Unsafe.SizeOf<TaskRecord>() + Unsafe.SizeOf<PidFacts>();
        facts = there ? MemoryMarshal.Read<PidFacts>(record[Unsafe.SizeOf<TaskRecord>()..]) : default;
        return there;
    }

    /// <summary>One for each namespace.</summary>
    [InlineArray(Layout.PidSpaces)]
    public struct PidSpaceArray
    {
        private uint _first;
    }

    /// <summary>As many for each namespace as there are kinds.</summary>
    [InlineArray(Layout.PidSpaces * Layout.Pids)]
    public struct PidArray
    {
        private uint _first;
    }

    /// <summary>One for each kind.</summary>
    [InlineArray(Layout.Pids)]
    public struct PidHere
    {
        private uint _first;
    }
}
