using System.Runtime.InteropServices;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views.Slow;

/// <summary>Where a call's time went, and where it came from, as members of its JSON object: docs/JSON.md.</summary>
/// <param name="names">Names addresses.</param>
/// <param name="decoder">Writes the names of wakers' calls.</param>
/// <param name="to">The members are appended here.</param>
internal sealed class SplitJson(IStackNames names, Decoder decoder, Utf8Buffer to)
{
    /// <summary>Writes them, each with its comma; nothing when the call carries none of it.</summary>
    public void Write(in CallRecord call)
    {
        if (SplitParts.Of(in call, names) is { } parts)
            WriteSplit(in call, parts);
        ReadOnlySpan<uint> places = MemoryMarshal.Cast<byte, uint>(call.Find(CaptureFlags.Places).Data);
        if (!places.IsEmpty)
            WritePlaces(places);
    }

    private void WriteSplit(in CallRecord call, SplitParts parts)
    {
        ref readonly CallSplit sums = ref parts.Sums;
        Text(",\"split\":{");
        Number("\"cpu_ns\":", parts.Cpu);
        Number(",\"queued_ns\":", sums.Queued);
        Number(",\"preempted_ns\":", sums.Preempted);
        Number(",\"blocked_ns\":", sums.Blocked);
        Number(",\"cpu_limit_ns\":", sums.Throttled);
        Number(",\"waits\":", sums.Waits);
        Number(",\"preemptions\":", sums.Preemptions);
        Number(",\"minor_faults\":", sums.MinorFaults);
        Number(",\"major_faults\":", sums.MajorFaults);
        if (sums.Unseen > 0)
            Number(",\"unseen_switches\":", sums.Unseen);
        Text(",\"blocked\":[");
        string before = "";
        foreach (WaitPart wait in parts.Waits)
        {
            Text($"{before}{{\"on\":");
            before = ",";
            Quoted(wait.Cause);
            Number(",\"ns\":", wait.Nanoseconds);
            Stack(",\"in\":", wait.Functions);
            Text("}");
        }
        Text("]");
        if (call.TryWaits(out CallWaits waits) && waits.Site < Layout.Sites)
            WriteLongest(in waits);
        Text("}");
    }

    private void WriteLongest(in CallWaits waits)
    {
        Number(",\"longest\":{\"ns\":", waits.Longest);
        Stack(",\"in\":", SplitParts.Shown(SplitParts.Functions(waits.Sites[(int)waits.Site].Frames, names)));
        Text(",\"woken_by\":[");
        for (int i = 0; i < WakerText.Links(in waits); i++)
        {
            Text(i == 0 ? "{" : ",{");
            WriteLink(in waits.Chain[i], i == 0 ? SplitParts.WakerFunctions(in waits, names) : [], WakerText.CauseOf(in waits, i, names));
            Text("}");
        }
        Text("]}");
    }

    private void WriteLink(in WakerLink link, List<KernelFunction> where, string cause)
    {
        if (!WakerText.IsThread(in link))
        {
            Text("\"interrupt\":");
            Quoted(WakerText.Source(where, cause));
        }
        else
        {
            if (link.Tid != 0)
            {
                Number("\"pid\":", link.Tgid);
                Number(",\"tid\":", link.Tid);
                Text(",");
            }
            Text("\"comm\":\"");
            Quote.JsonInside(to, link.Comm.Text);
            Text("\"");
            if ((link.Flags & LinkFlags.InCall) != 0)
                Name(",\"call\":\"", link.Abi, link.Nr);
            if ((link.Flags & LinkFlags.Unsure) != 0)
                Text(",\"unsure\":true");
        }
        if (where.Count > 0)
            Stack(",\"in\":", SplitParts.Shown(where));
        if (!WakerText.IsThread(in link) || link.Waited == 0)
            return;
        Number(",\"waited\":{\"ns\":", link.Waited);
        Stack(",\"in\":", SplitParts.Shown(SplitParts.Functions(link.Frames, names)));
        if ((link.Flags & LinkFlags.WaitCall) != 0)
            Name(",\"call\":\"", link.WaitAbi, link.WaitNr);
        Text("}");
    }

    private void Name(string member, Abi abi, uint nr)
    {
        Text(member);
        decoder.WriteName(new CallRecord(SplitText.Synthetic(abi, nr, [])), to);
        Text("\"");
    }

    private void WritePlaces(ReadOnlySpan<uint> places)
    {
        string before = ",\"stack\":[";
        foreach (uint number in places)
        {
            if (names.Place(number) is not { } place)
                continue;
            Text(before);
            before = ",";
            WritePlace(place);
        }
        if (before == ",")
            Text("]");
    }

    private void WritePlace(Place place)
    {
        if (place.End is { } end)
        {
            Text("{\"end\":");
            Quoted(end);
            Text("}");
            return;
        }
        Text("{\"function\":");
        Quoted(place.Function);
        if (place.Offset > 0)
            Number(",\"offset\":", place.Offset);
        if (place.IsInlined)
            Text(",\"inlined\":true");
        Member(",\"file\":", place.File);
        if (place.Line > 0)
            Number(",\"line\":", (ulong)place.Line);
        Member(",\"module\":", place.Module);
        Member(",\"build_id\":", place.BuildId);
        Text(",\"address\":\"");
        to.AppendHex(place.Address);
        Text("\"}");
    }

    private void Stack(string member, IReadOnlyList<string> functions)
    {
        Text(member + "[");
        for (int i = 0; i < functions.Count; i++)
        {
            Text(i == 0 ? "" : ",");
            Quoted(functions[i]);
        }
        Text("]");
    }

    private void Member(string member, string? value)
    {
        if (value is null)
            return;
        Text(member);
        Quoted(value);
    }

    private void Number(string member, ulong value)
    {
        Text(member);
        Quote.JsonNumber(to, value);
    }

    private void Quoted(string text) => Quote.Json(to, System.Text.Encoding.UTF8.GetBytes(text));

    private void Text(string text) => to.Append(System.Text.Encoding.UTF8.GetBytes(text));
}
