using System.Runtime.InteropServices;
using System.Text;
using Scry.Bpf;

namespace Scry.Capture;

/// <summary>The kernel's symbols, one at a time, and what lies there: /proc/kallsyms takes tens of milliseconds to read.</summary>
internal sealed class KernelCode : IDisposable
{
    /// <summary>Bytes that one read gives.</summary>
    public const int ReadSize = 16384; // SCRY_CODE_SIZE

    // struct scry_symbol
    private const int ResultOffset = 8, NameOffset = 16, NameSize = 64, DataOffset = NameOffset + NameSize;

    private readonly BpfObject _programs = BpfObject.Open(Programs.Read("symbol.bpf.o"), "scry_symbol");
    private readonly MappedMap _answer;

    /// <summary>Loads the programs.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public KernelCode()
    {
        try
        {
            _programs.Load();
            _answer = _programs.FindMap(".bss").Mmap(0, DataOffset + ReadSize);
        }
        catch
        {
            _programs.Dispose();
            throw;
        }
    }

    /// <summary>Where a symbol is.</summary>
    /// <returns>Null when the kernel has none of that name, or does not tell (kernel.kptr_restrict).</returns>
    public ulong? Find(string name)
    {
        Span<byte> text = _answer.Span.Slice(NameOffset, NameSize);
        text.Clear();
        return name.Length < NameSize && Encoding.ASCII.TryGetBytes(name, text, out _) && Ask("symbol_find") >= 0
            ? MemoryMarshal.Read<ulong>(_answer.Span) : null;
    }

    /// <summary>A name of the function that begins at an address, of several any.</summary>
    public string NameAt(ulong address)
    {
        MemoryMarshal.Write(_answer.Span, in address);
        if (Ask("symbol_name") < 0)
            return "";
        ReadOnlySpan<byte> text = _answer.Span.Slice(NameOffset, NameSize);
        int end = text.IndexOf((byte)0);
        return end < 0 ? "" : Encoding.ASCII.GetString(text[..end]);
    }

    /// <summary>What lies at an address; null when nothing can be read there.</summary>
    public byte[]? Read(ulong address)
    {
        MemoryMarshal.Write(_answer.Span, in address);
        return Ask("symbol_read") == 0 ? _answer.Span.Slice(DataOffset, ReadSize).ToArray() : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _answer.Dispose();
        _programs.Dispose();
    }

    private long Ask(string program)
    {
        _programs.FindProgram(program).Run();
        return MemoryMarshal.Read<long>(_answer.Span[ResultOffset..]);
    }
}
