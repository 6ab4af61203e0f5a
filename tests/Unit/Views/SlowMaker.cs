using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Scry.Syscalls;
using Scry.Views;
using Scry.Views.Slow;
using Scry.Wire;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Views;

/// <summary>Makes calls that tell where their time went, and names the functions in them: what each address stands for.</summary>
internal sealed class SlowMaker : IStackNames
{
    public const uint Interruptible = 1, Uninterruptible = 2, Stopped = 4, Traced = 8, RealTimeLock = 0x1000;
    private const ulong First = 0x1000;
    private readonly List<string> _names = [];

    /// <summary>What of programs the numbers of places stand for.</summary>
    public List<Place> Places { get; } = [];

    public KernelFunction Kernel(ulong address) => address - First < (ulong)_names.Count ? new KernelFunction(_names[(int)(address - First)], _names[(int)(address - First)] == "schedule")
        : new KernelFunction($"0x{address:x}", false);

    public Place? Place(uint number) => number < Places.Count ? Places[(int)number] : null;

    /// <summary>The address of a function.</summary>
    public ulong Address(string name)
    {
        if (!_names.Contains(name))
            _names.Add(name);
        return First + (ulong)_names.IndexOf(name);
    }

    /// <summary>A place that a call waited at.</summary>
    public WaitSite Site(ulong total, uint state, params string[] functions)
    {
        var site = new WaitSite { Hash = 1, Total = total, Longest = total, Waits = 1, State = state };
        Fill(site.Frames, functions);
        return site;
    }

    /// <summary>Return addresses within functions.</summary>
    public void Fill(Span<ulong> frames, string[] functions)
    {
        for (int i = 0; i < functions.Length; i++)
            frames[i] = Address(functions[i]);
    }

    /// <summary>What is known of such waits, the first being the longest.</summary>
    public static CallWaits Waits(params WaitSite[] sites)
    {
        var waits = new CallWaits { Longest = sites[0].Longest };
        sites.CopyTo((Span<WaitSite>)waits.Sites);
        return waits;
    }

    /// <summary>A waker.</summary>
    public static WakerLink Link(string comm, LinkFlags flags, uint nr = 0)
    {
        var link = new WakerLink { Tid = 43, Tgid = 42, Flags = flags, Nr = nr };
        Encoding.UTF8.GetBytes(comm).CopyTo(link.Comm);
        return link;
    }

    /// <summary>A call that took so long.</summary>
    public static byte[] Call(ulong duration, CallSplit split, CallWaits? waits = null, byte[]? places = null)
    {
        byte[] call = RecordMaker.With(RecordMaker.Call(RecordMaker.Getppid, 7, 0, 5_000_000_000, duration, 42), 0, Bytes(split), CapturePhase.Exit, CaptureFlags.Split);
        if (waits is { } known)
            call = RecordMaker.With(call, 0, Bytes(known), CapturePhase.Exit, CaptureFlags.Waits);
        return places is null ? call : RecordMaker.With(call, 0, places, CapturePhase.Exit, CaptureFlags.Places);
    }

    public static byte[] Bytes<T>(T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();

    /// <summary>As <c>--json</c> has it.</summary>
    public byte[] Json(params byte[][] records)
    {
        var stream = new MemoryStream();
        var decoder = new Decoder();
        var output = OutputWriter.To(stream, lineBuffered: false);
        var view = new JsonView(decoder, output, 0, null, null, this);
        foreach (byte[] record in records)
            view.Write(record);
        output.Flush();
        return stream.ToArray();
    }

    /// <summary>The one call's split.</summary>
    public JsonElement Split(byte[] call) => JsonDocument.Parse(Json(call)).RootElement.GetProperty("split");

    /// <summary>What the one call waited for, as "cause ns".</summary>
    public string[] Blocked(byte[] call) => [.. Split(call).GetProperty("blocked").EnumerateArray().Select(wait => $"{wait.GetProperty("on").GetString()} {wait.GetProperty("ns").GetUInt64()}")];

    /// <summary>As lines.</summary>
    public string[] Lines(SplitLayout layout, params byte[][] records)
    {
        var stream = new MemoryStream();
        var view = new LineView(new Decoder(), OutputWriter.To(stream, lineBuffered: false), new LineOptions { Duration = true, Split = (decoder, output) => new SplitText(this, decoder, output, layout) });
        foreach (byte[] record in records)
            view.Write(record);
        view.Finish(new RunSummary(0, []));
        return Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
