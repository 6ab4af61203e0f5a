namespace Scry.Syscalls;

/// <summary>Names and texts of error numbers (errno(3), and the kernel's own from 512 on).</summary>
public static class Errno
{
    /// <summary>The name, as <c>ENOENT</c>; empty when there is none.</summary>
    public static ReadOnlySpan<byte> Name(int number)
    {
        var names = new XlatRow(XlatTable.Errno, AbiTable.X86_64);
        int at = names.Find((ulong)number);
        return at >= 0 ? names.Name(at) : default;
    }
}

/// <summary>The facts tables as a whole.</summary>
public static class Facts
{
    /// <summary>What tells one state of the tables from another: the number of syscalls, and a hash of all names.</summary>
    public static string Version { get; } = Describe();

    private static string Describe()
    {
        ulong hash = 0xcbf29ce484222325; // FNV-1a
        foreach (byte value in TextTable.Bytes)
            hash = (hash ^ value) * 0x100000001b3;
        return $"{SyscallRow.Count}-{hash:x16}";
    }
}

/// <summary>Errors by name.</summary>
public static class ErrnoNames
{
    /// <summary>The number of an error's name, in any case.</summary>
    public static bool TryNumber(string name, out int number)
    {
        var names = new XlatRow(XlatTable.Errno, AbiTable.X86_64);
        byte[] wanted = System.Text.Encoding.UTF8.GetBytes(name.ToUpperInvariant());
        for (int i = 0; i < names.Count; i++)
        {
            if (names.Name(i).SequenceEqual(wanted))
            {
                number = (int)names.Value(i);
                return true;
            }
        }
        number = 0;
        // Two names of one number.
        if (name.Equals("EWOULDBLOCK", StringComparison.OrdinalIgnoreCase))
            number = 11;
        else if (name.Equals("EDEADLOCK", StringComparison.OrdinalIgnoreCase))
            number = 35;
        return number != 0;
    }
}
