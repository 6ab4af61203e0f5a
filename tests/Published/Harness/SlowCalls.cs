using System.Text.Json;

namespace Scry.Tests.Published.Harness;

/// <summary>One line of <c>scry slow --json</c>.</summary>
internal sealed class SlowCall(JsonElement call)
{
    public string Comm => call.GetProperty("comm").GetString()!;
    public string Name => call.GetProperty("name").GetString()!;
    public int Pid => call.GetProperty("pid").GetInt32();
    public int Tid => call.GetProperty("tid").GetInt32();
    public JsonElement Whole => call;
    /// <summary>Of one that did not end, how long it had taken.</summary>
    public long Duration => (call.TryGetProperty("duration", out JsonElement whole) ? whole : call.GetProperty("elapsed")).GetInt64();
    public JsonElement Split => call.GetProperty("split");

    /// <summary>What it waited for, the longest first.</summary>
    public JsonElement[] Blocked => [.. Split.GetProperty("blocked").EnumerateArray()];

    /// <summary>What it waited for longest; empty: it did not wait.</summary>
    public string Cause => Blocked.FirstOrDefault() is { ValueKind: JsonValueKind.Object } first ? first.GetProperty("on").GetString()! : "";

    /// <summary>A member of its split, as "queued_ns", in ms.</summary>
    public double Ms(string part) => Split.GetProperty(part).GetInt64() / 1e6;

    /// <summary>A number of its split.</summary>
    public long Number(string part) => Split.GetProperty(part).GetInt64();

    /// <summary>Who ended its longest wait, and so on: "comm:call", or what an interrupt came from.</summary>
    public string[] Wakers => Split.TryGetProperty("longest", out JsonElement longest) ? [.. longest.GetProperty("woken_by").EnumerateArray().Select(Waker)] : [];

    private static string Waker(JsonElement link) => link.TryGetProperty("interrupt", out JsonElement source) ? source.GetString()!
        : $"{link.GetProperty("comm").GetString()}{(link.TryGetProperty("call", out JsonElement name) ? ":" + name.GetString() : "")}{(link.TryGetProperty("unsure", out _) ? "?" : "")}";

    /// <summary>Fails unless its parts add up to its duration, within one in a hundred, and what it waited for to what it was blocked.</summary>
    public SlowCall AddsUp()
    {
        long parts = Number("cpu_ns") + Number("queued_ns") + Number("preempted_ns") + Number("blocked_ns"), blocked = Blocked.Sum(wait => wait.GetProperty("ns").GetInt64());
        if (Math.Abs(parts - Duration) > Duration / 100 || blocked != Number("blocked_ns") || Number("cpu_limit_ns") > Number("queued_ns") + Number("preempted_ns"))
            throw new InvalidOperationException($"the parts do not add up: {call}");
        return this;
    }

    public override string ToString() => call.ToString();
}

/// <summary>What <c>scry slow --json</c> tells.</summary>
internal static class SlowCalls
{
    /// <summary>Runs a command below <c>scry slow</c>, with more words for it.</summary>
    /// <returns>Its calls. Fails when one was lost, or the parts of one do not add up.</returns>
    public static SlowCall[] Of(string[] words, params string[] command)
    {
        using var workspace = new Workspace();
        Finished run = Child.Run(ScryBinary.Path, ["slow", "--json", "-o", workspace["calls"], .. words, "--", .. command]).Expect();
        return run.Error.Contains("complete: ", StringComparison.Ordinal) ? Read(File.ReadAllText(workspace["calls"])) : throw new InvalidOperationException(run.Error);
    }

    /// <summary>Reads the lines of one.</summary>
    public static SlowCall[] Read(string text) =>
    [
        .. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("type").GetString() == "call").Select(line => new SlowCall(line).AddsUp()),
    ];

    /// <summary>The one call of the processes of that name that is so.</summary>
    public static SlowCall One(this IEnumerable<SlowCall> calls, string comm, Func<SlowCall, bool>? isSo = null)
    {
        SlowCall[] found = [.. calls.Where(call => call.Comm == comm && (isSo is null || isSo(call)))];
        return found.Length == 1 ? found[0] : throw new InvalidOperationException($"{found.Length} such calls of {comm}\n{string.Join('\n', calls.AsEnumerable())}");
    }
}
