using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views.Slow;

/// <summary>How <see cref="SplitText"/> says it.</summary>
public sealed record SplitLayout
{
    /// <summary>How many wakers of a chain are shown at most.</summary>
    public int Chain { get; init; } = 1;

    /// <summary>Whether stacks are shown: the caller's, and those in the kernel in full.</summary>
    public bool Stacks { get; init; }
}

/// <summary>Where a call's time went, for people: behind its line, and on lines of its own.</summary>
/// <param name="names">Names addresses.</param>
/// <param name="decoder">Writes the calls of wakers.</param>
/// <param name="output">Where the lines go.</param>
/// <param name="options">How it is said.</param>
public sealed class SplitText(IStackNames names, Decoder decoder, OutputWriter output, SplitLayout options)
{
    private const int FramesShown = 5;
    private const string Indent = "    ";

    private readonly Utf8Buffer _to = output.Buffer;

    /// <summary>Behind the call's line: its parts, those that are nothing left out.</summary>
    public void WriteParts(in CallRecord call)
    {
        if (SplitParts.Of(in call, names) is not { } parts)
            return;
        ref readonly CallSplit sums = ref parts.Sums;
        var said = new List<string>();
        if (sums.Blocked > 0)
            said.Add($"blocked {DurationText.Of(sums.Blocked)} ({Waits(parts)})");
        if (sums.Queued > 0)
            said.Add($"queued {DurationText.Of(sums.Queued)}");
        if (sums.Preempted > 0)
            said.Add($"preempted {DurationText.Of(sums.Preempted)}");
        said.Add($"cpu {DurationText.Of(parts.Cpu)}");
        if (sums.Throttled > 0)
            said.Add($"of which at the CPU limit {DurationText.Of(sums.Throttled)}");
        if (sums.MinorFaults + sums.MajorFaults > 0)
            said.Add(Faults(in sums));
        if (sums.Unseen > 0)
            said.Add(Invariant($"switches that the kernel did not tell of {sums.Unseen}"));
        Text($" {{{string.Join(", ", said)}}}");
    }

    /// <summary>On lines of their own: the longest wait, who ended it, and where the call came from.</summary>
    public void WriteLines(in CallRecord call)
    {
        if (call.TryWaits(out CallWaits waits))
            WriteWait(in waits);
        if (options.Stacks)
            WriteCaller(in call);
    }

    private static string Waits(SplitParts parts) => parts.Waits.Count == 1
        ? parts.Waits[0].Cause + (parts.Sums.Waits > 1 ? Invariant($", {parts.Sums.Waits} waits") : "")
        : string.Join(", ", parts.Waits.Select(wait => $"{wait.Cause} {DurationText.Of(wait.Nanoseconds)}"));

    private static string Faults(in CallSplit sums) => sums.MajorFaults == 0 ? Invariant($"faults {sums.MinorFaults}")
        : Invariant($"faults {sums.MinorFaults}+{sums.MajorFaults} major");

    private void WriteWait(in CallWaits waits)
    {
        if (waits.Site >= Layout.Sites)
            return;
        IReadOnlyList<string> functions = SplitParts.Shown(SplitParts.Functions(waits.Sites[(int)waits.Site].Frames, names));
        Text($"{Indent}waited {DurationText.Of(waits.Longest)} in {Stack(functions)}");
        int links = Math.Min(WakerText.Links(in waits), options.Chain);
        for (int i = 0; i < links; i++)
        {
            ref readonly WakerLink link = ref waits.Chain[i];
            output.EndLine();
            Text($"{Indent}{new string(' ', 2 * i)}until ");
            WriteWaker(in link, i == 0 ? SplitParts.WakerFunctions(in waits, names) : [], WakerText.CauseOf(in waits, i, names));
            if (!WakerText.IsThread(in link) || link.Waited == 0 || (i + 1 == links && i > 0))
                continue;
            Text($", after a wait of {DurationText.Of(link.Waited)} in {Stack(SplitParts.Shown(SplitParts.Functions(link.Frames, names)))}");
            if ((link.Flags & LinkFlags.WaitCall) != 0)
            {
                Text(" of its ");
                WriteName(link.WaitAbi, link.WaitNr);
            }
        }
        output.EndLine();
    }

    private string Stack(IReadOnlyList<string> functions)
    {
        if (functions.Count == 0)
            return "the kernel";
        int shown = options.Stacks ? functions.Count : FramesShown;
        return string.Join(" < ", functions.Take(shown)) + (functions.Count > shown ? " < …" : "");
    }

    private void WriteWaker(in WakerLink link, List<KernelFunction> where, string cause)
    {
        if (!WakerText.IsThread(in link))
        {
            Text(WakerText.Source(where, cause));
            return;
        }
        Escape.Name(_to, link.Comm.Text);
        Text(WakerText.Ids(in link));
        if ((link.Flags & LinkFlags.InCall) != 0)
        {
            Text(" in ");
            byte[] call = Synthetic(link.Abi, link.Nr, link.Args);
            decoder.WriteInvocation(new CallRecord(call), _to);
        }
        if ((link.Flags & LinkFlags.Unsure) != 0)
            Text(", if it was no interrupt,");
        Text(" woke it");
    }

    private void WriteName(Abi abi, uint nr) => decoder.WriteName(new CallRecord(Synthetic(abi, nr, [])), _to);

    /// <summary>A record of a call of which its registers alone are known.</summary>
    internal static byte[] Synthetic(Abi abi, uint nr, ReadOnlySpan<ulong> args)
    {
        // As many as the call has: the decoder asks for no more.
        byte[] record = new byte[Unsafe.SizeOf<CallFixed>() + args.Length * sizeof(ulong)];
        ref CallFixed call = ref MemoryMarshal.AsRef<CallFixed>(record.AsSpan());
        call.Header.Size = (uint)record.Length;
        call.Header.Kind = RecordKind.Call;
        call.Header.Detail = nr;
        call.Header.Abi = abi;
        call.Header.ArgCount = (byte)args.Length;
        call.Header.Flags = (byte)CallFlags.Unfinished;
        MemoryMarshal.AsBytes(args).CopyTo(record.AsSpan(Unsafe.SizeOf<CallFixed>()));
        return record;
    }

    private void WriteCaller(in CallRecord call)
    {
        bool first = true;
        foreach (uint number in MemoryMarshal.Cast<byte, uint>(call.Find(CaptureFlags.Places).Data))
        {
            if (names.Place(number) is not { } place)
                continue;
            Text(Indent + (first ? "at " : "   ") + PlaceText.Of(place));
            output.EndLine();
            first = false;
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // What may be in it was written by others: nothing in it steers a terminal.
    private void Text(string text) => Quote.Plain(_to, text);
}
