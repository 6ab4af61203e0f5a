using System.Text.RegularExpressions;
using Scry.Stacks;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Stacks;

/// <summary>Stacks are those that gdb shows of the same process at the same point.</summary>
public sealed class LanguageTests : IDisposable
{
    private readonly CallStacks _stacks = CallStacks.Open(new CallStacksOptions { Program = Programs.Scry });

    public LanguageTests() => _stacks.Begin([]);

    public void Dispose() => _stacks.Dispose();

    [Theory]
    [InlineData("plain", "gcc -O2 -fomit-frame-pointer -o {out} {dir}/deep.c")]
    [InlineData("source", "gcc -O2 -g -fomit-frame-pointer -o {out} {dir}/deep.c")]
    [InlineData("dwarf4", "gcc -O2 -gdwarf-4 -fomit-frame-pointer -o {out} {dir}/deep.c")]
    [InlineData("clang", "clang -O2 -g -o {out} {dir}/deep.c")]
    [InlineData("static", "gcc -O2 -g -static -fomit-frame-pointer -o {out} {dir}/deep.c")]
    [InlineData("compressed", "gcc -O2 -g -gz -fomit-frame-pointer -o {out} {dir}/deep.c")]
    [InlineData("deep32", "gcc -m32 -O2 -g -fomit-frame-pointer -o {out} {dir}/deep.c")]
    public void C(string name, string command)
    {
        List<Place> places = Same(new Victim(Programs.Make(name, command)));
        HasInOrder(places, "innermost", "middle", "outer", "main");
        if (!command.Contains("-g", StringComparison.Ordinal))
            return;
        Assert.Equal(["deep.c:8", "deep.c:17", "deep.c:26", "deep.c:33"], places.Where(place => place.File?.EndsWith("/deep.c", StringComparison.Ordinal) == true).Select(Line));
    }

    [Theory]
    [InlineData("inlined", "g++ -O2 -g -o {out} {dir}/inlined.cpp")]
    [InlineData("inlined-clang", "clang++ -O2 -g -o {out} {dir}/inlined.cpp")]
    public void InlinedFunctionsOfCPlusPlus(string name, string command)
    {
        List<Place> places = Same(new Victim(Programs.Make(name, command)));
        Place[] own = [.. places.Where(place => place.File?.EndsWith("inlined.cpp", StringComparison.Ordinal) == true)];
        Assert.Equal(["inlined.cpp:13", "inlined.cpp:20", "inlined.cpp:26"], own[..3].Select(Line));
        Assert.Equal([true, true, false], own[..3].Select(place => place.IsInlined));
        Assert.Equal("shop::Basket<long>::pay(long)", own[2].Function);
    }

    [Fact]
    public void Rust()
    {
        // gdb writes names of Rust in another way.
        List<Place> places = Same(new Victim(Programs.Make("rust", "rustc -O -g -o {out} {dir}/deep.rs")), names: false);
        HasInOrder(places, "<deep::Corner as deep::Shop>::pay", "deep::visit", "deep::main");
        Assert.DoesNotContain(places, place => Regex.IsMatch(place.Function, "::h[0-9a-f]{16}$"));
    }

    [Theory]
    [InlineData("go", "")]
    [InlineData("go-stripped", "-ldflags '-s -w'")]
    public void Go(string name, string options)
    {
        using var victim = new Victim(Programs.Make(name, $"HOME={{out}}.home GOCACHE={{out}}.cache GOFLAGS= go build {options} -o {{out}} {{dir}}/deep.go"));
        List<Place> places = Victim.Places(_stacks, victim.Waits().Stop().Record);
        // What is inlined is told by debug information alone.
        HasInOrder(places, options.Length == 0 ? "syscall.Read" : "syscall.read", "main.(*corner).pay", "main.visit", "main.main", "runtime.main", "runtime.goexit");
        Assert.DoesNotContain(places, place => place.End is not null);
    }

    [Fact]
    public void Node()
    {
        using var victim = new Victim("node", "--perf-basic-prof", "--interpreted-frames-native-stack", Programs.Source("deep.js"));
        List<Place> places = Victim.Places(_stacks, victim.Waits().Stop().Record);
        File.Delete($"/tmp/perf-{victim.Pid}.map");
        HasInOrder(places, "readSync", "pay", "visit");
        Assert.Contains(places, place => place.Function == "visit" && place.File?.EndsWith("deep.js", StringComparison.Ordinal) == true && place.Line == 4);
    }

    [Fact]
    public void Python()
    {
        List<Place> places = Same(new Victim("/usr/bin/python3", Programs.Source("deep.py")));
        HasInOrder(places, "_PyEval_EvalFrameDefault", "Py_BytesMain");
    }

    // The names of gdb's frames, one after the other; of the C library's own those that it gives to one address differ.
    private List<Place> Same(Victim started, bool names = true)
    {
        using Victim victim = started.Waits();
        (string[] functions, byte[] record) = victim.Stop();
        List<Place> places = Victim.Places(_stacks, record);
        string[] theirs = [.. functions.Select(Plain)], ours = [.. places.Select(place => place.Function.Length == 0 ? "??" : Plain(place.Function))];
        Assert.True(names ? theirs.SequenceEqual(ours) : theirs.Length == ours.Length, $"gdb: {string.Join(" < ", theirs)}\nours: {string.Join(" < ", places.Select(Told))}");
        return places;
    }

    private static string Told(Place place) => place.End ?? $"{place.Function}@{place.Module}+{place.Address:x}";

    private static string Line(Place place) => $"{Path.GetFileName(place.File)}:{place.Line}";

    // Without parameters, template arguments, and what the C library puts before its names.
    private static string Plain(string name)
    {
        if (name.Contains("{lambda(", StringComparison.Ordinal))
            return "operator";
        name = Regex.Replace(name, @"\(anonymous namespace\)::", "");
        name = name.StartsWith('<') || name.StartsWith('(') ? name : Regex.Replace(name, @"\(.*", "");
        return Regex.Replace(Regex.Replace(name, "^_*(GI_)?_*(libc_)?", ""), "_impl$", "");
    }

    internal static void HasInOrder(List<Place> places, params string[] functions)
    {
        int at = 0;
        foreach (Place place in places)
        {
            if (at < functions.Length && (place.Function == functions[at] || place.Function.StartsWith(functions[at] + "(", StringComparison.Ordinal) || place.Function.StartsWith(functions[at] + "[", StringComparison.Ordinal)))
                at++;
        }
        Assert.True(at == functions.Length, $"no {functions[Math.Min(at, functions.Length - 1)]} in: {string.Join(" < ", places.Select(Told))}");
    }
}
