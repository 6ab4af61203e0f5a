using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Scry.Stacks;
using Scry.Wire;

namespace Scry.Tests.Stacks;

/// <summary>A process that waits in read(0), and what gdb says of it.</summary>
internal sealed class Victim : IDisposable
{
    private static readonly string[] s_words64 = ["r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi", "", "rip", "cs", "eflags", "rsp", "ss"];
    private static readonly string[] s_words32 = ["", "", "", "", "ebp", "ebx", "", "", "", "", "eax", "ecx", "edx", "esi", "edi", "", "eip", "cs", "eflags", "esp", "ss"];

    private readonly Process _process;

    /// <summary>Starts it, and waits until it reads.</summary>
    public Victim(string program, params string[] words)
        : this(program, words, new Dictionary<string, string>())
    {
    }

    /// <summary>Starts it with more of an environment.</summary>
    public Victim(string program, string[] words, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, words) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        Pid = _process.Id;
    }

    /// <summary>Its pid.</summary>
    public int Pid { get; set; }

    /// <summary>Waits until it sits in read(2), of descriptor 0.</summary>
    public Victim Waits(Func<string, bool>? call = null)
    {
        for (int i = 0; i < 4000; i++)
        {
            string text = File.ReadAllText($"/proc/{Pid}/syscall");
            if (call?.Invoke(text) ?? text.StartsWith("0 0x0 ", StringComparison.Ordinal) || text.StartsWith("3 0x0 ", StringComparison.Ordinal))
                return this;
            Thread.Sleep(5);
        }
        throw new TimeoutException($"it does not read: {File.ReadAllText($"/proc/{Pid}/syscall")}");
    }

    /// <summary>Lets it go on.</summary>
    public void Writes()
    {
        _process.StandardInput.Write('\n');
        _process.StandardInput.Flush();
    }

    /// <summary>Its child; 0: it has none.</summary>
    public int Child() => int.TryParse(File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children").Trim(), out int child) ? child : 0;

    /// <summary>Lets it go on, and reads the number that it writes.</summary>
    public int Goes()
    {
        Writes();
        return int.Parse(_process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
    }

    /// <summary>Lets gdb say what it sees, and makes a record of what the kernel would.</summary>
    /// <param name="most">Bytes of the stack.</param>
    public (string[] Functions, byte[] Record) Stop(int most = 65536)
    {
        string output = Programs.Shell($"gdb -nx -batch -iex 'set auto-load no' -iex 'set debuginfod enabled off' -p {Pid} -ex 'info registers' -ex 'set print frame-arguments none' -ex 'set backtrace past-main on' -ex 'set backtrace past-entry on' -ex bt 2>/dev/null");
        var values = new Dictionary<string, ulong>();
        foreach (Match match in Regex.Matches(output, @"^(\w+)\s+0x([0-9a-f]+)\s", RegexOptions.Multiline))
            values[match.Groups[1].Value] = ulong.Parse(match.Groups[2].Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        string[] names = values.ContainsKey("rip") ? s_words64 : s_words32;
        var registers = new CallerRegisters();
        for (int i = 0; i < names.Length; i++)
            registers.Words[i] = values.GetValueOrDefault(names[i]);
        string[] functions = [.. Regex.Matches(output, @"^#\d+\s+(?:0x[0-9a-f]+ in )?(.+?) \(", RegexOptions.Multiline).Select(match => match.Groups[1].Value)];
        ulong stack = registers.Words[19];
        return (functions, Record(Pid, registers, stack, Memory(stack, most)));
    }

    /// <summary>Its memory, as far as it goes.</summary>
    public byte[] Memory(ulong address, int most)
    {
        using FileStream memory = File.OpenRead($"/proc/{Pid}/mem");
        var bytes = new byte[most];
        int count = 0;
        memory.Position = (long)address;
        try
        {
            for (int more; count < most && (more = memory.Read(bytes, count, Math.Min(4096 - ((int)address + count) % 4096, most - count))) > 0;)
                count += more;
        }
        catch (IOException)
        {
            // The end of the stack.
        }
        return bytes[..count];
    }

    /// <summary>A CALL record with a copy of a stack.</summary>
    public static byte[] Record(int pid, CallerRegisters registers, ulong address, ReadOnlySpan<byte> stack, ulong time = ulong.MaxValue)
    {
        byte[] data = [.. MemoryMarshal.AsBytes(new ReadOnlySpan<CallerRegisters>(in registers)), .. stack];
        return Record(pid, CaptureFlags.Stack, address, data, time);
    }

    /// <summary>A CALL record with one capture.</summary>
    public static byte[] Record(int pid, CaptureFlags flags, ulong address, byte[] data, ulong time = ulong.MaxValue)
    {
        var head = new CaptureHeader { Address = address, Length = (uint)data.Length, Flags = flags };
        var fixedPart = new CallFixed { Header = new RecordHeader { Kind = RecordKind.Call, Tgid = (uint)pid, Tid = (uint)pid, Time = time } };
        int size = Unsafe.SizeOf<CallFixed>() + Unsafe.SizeOf<CaptureHeader>() + ((data.Length + 7) & ~7);
        fixedPart.Header.Size = (uint)size;
        byte[] record = [.. MemoryMarshal.AsBytes(new ReadOnlySpan<CallFixed>(in fixedPart)), .. MemoryMarshal.AsBytes(new ReadOnlySpan<CaptureHeader>(in head)), .. data];
        Array.Resize(ref record, size);
        return record;
    }

    /// <summary>The places of a record's stack.</summary>
    public static List<Place> Places(CallStacks stacks, ReadOnlySpan<byte> record)
    {
        ReadOnlySpan<byte> completed = stacks.Complete(record);
        var places = new List<Place>();
        foreach (uint number in MemoryMarshal.Cast<byte, uint>(new CallRecord(completed).Find(CaptureFlags.Places).Data))
            places.Add(stacks.Place(number));
        return places;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit(5000);
        _process.Dispose();
    }
}
