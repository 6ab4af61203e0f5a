using System.Text;
using Scry.Stacks;
using Xunit;

namespace Scry.Tests.Unit.Stacks;

/// <summary>Maps of JIT compilers, which anybody can write.</summary>
public sealed class PerfMapTests
{
    private static PerfMap Of(params string[] pieces)
    {
        var map = new PerfMap(null);
        foreach (string piece in pieces)
            map.Add(Encoding.UTF8.GetBytes(piece));
        map.Sort();
        return map;
    }

    [Fact]
    public void An_address_has_the_function_that_it_lies_in()
    {
        PerfMap map = Of("1000 10 a b\n0x2000 0x20 c\n");
        Assert.Equal(("a b", 0xfUL), map.Find(0x100f));
        Assert.Equal(("c", 0UL), map.Find(0x2000));
        Assert.Null(map.Find(0x1010));
        Assert.Null(map.Find(0xfff));
    }

    [Fact]
    public void What_was_written_last_counts() => Assert.Equal(("new", 1UL), Of("1000 10 old\n", "1000 10 new\n").Find(0x1001));

    [Fact]
    public void A_line_may_come_in_pieces() => Assert.Equal(("name", 0UL), Of("10", "00 10 na", "me\n").Find(0x1000));

    [Theory]
    [InlineData("1000 10 unfinished")]
    [InlineData("\n\n \n  \nx\n")]
    [InlineData("1000\n1000 10\n1000 10 \n")]
    [InlineData("zz 10 a\n1000 zz a\n")]
    [InlineData("ffffffffffffffff 10 a\n11111111111111111 10 a\n")]
    [InlineData("-1000 10 a\n")]
    public void What_is_no_line_is_left_out(string text) => Assert.Null(Of(text).Find(0x1000));

    [Fact]
    public void A_line_without_end_takes_no_memory()
    {
        PerfMap map = Of([.. Enumerable.Repeat(new string('x', 100_000), 20), "\n1000 10 a\n"]);
        Assert.Equal(("a", 0UL), map.Find(0x1000));
    }

    [Theory]
    [InlineData("void [System.Private.CoreLib] System.Threading.Thread::Sleep(int32)[Tier0]", "System.Threading.Thread.Sleep(int32)")]
    [InlineData("instance valuetype [a] N.C::M(class N.D,int32)[OptimizedTier1]", "N.C.M(N.D,int32)")]
    [InlineData("stub<12> AllocateTemporaryEntryPoints", "stub<12> AllocateTemporaryEntryPoints")]
    [InlineData("Ljava/lang/Thread;::sleep", "Ljava/lang/Thread;::sleep")]
    [InlineData("a [b] c", "a [b] c")]
    public void Names_of_methods_are_written_as_people_do(string name, string expected) => Assert.Equal((expected, null, 0), FunctionNames.OfJit(name));

    [Theory]
    [InlineData("JS:~visit /srv/app.js:4:15", "visit", "/srv/app.js", 4)]
    [InlineData("JS:*pay file:///srv/a b.mjs:10:5", "pay", "file:///srv/a b.mjs", 10)]
    [InlineData("LazyCompile:~ /srv/app.js:1:1", "(anonymous)", "/srv/app.js", 1)]
    [InlineData("Script:~/srv/app.js", "/srv/app.js", null, 0)]
    [InlineData("JS:", "", null, 0)]
    [InlineData("JS:~:::", ":::", null, 0)]
    public void Functions_of_JavaScript_have_their_line(string name, string function, string? file, int line) => Assert.Equal((function, file, line), FunctionNames.OfJit(name));

    [Theory]
    [InlineData("S_P_CoreLib_System_Threading_Thread__Sleep", "System.Threading.Thread.Sleep")]
    [InlineData("S_P_CoreLib_System_Collections_Generic_List_1<Int32>__Add", "System.Collections.Generic.List<Int32>.Add")]
    [InlineData("S_P_CoreLib_System_Collections_Generic_Dictionary_2<Int32__System___Canon>__Initialize", "System.Collections.Generic.Dictionary<Int32, T>.Initialize")]
    [InlineData("System_Linq_System_Linq_Enumerable__Count<UInt64>", "System.Linq.Enumerable.Count<UInt64>")]
    [InlineData("S_P_CoreLib_System_Collections_Generic_List_1<Scry_Views_Scry_Views_StraceColumn>__Add", "System.Collections.Generic.List<Scry.Views.StraceColumn>.Add")]
    [InlineData("__libc_start_call_main", "__libc_start_call_main")]
    [InlineData("my_own__function", "my_own__function")]
    [InlineData("S_P_CoreLib___", "_")]
    public void Symbols_of_NativeAOT_are_written_as_people_do(string name, string expected) => Assert.Equal(expected, FunctionNames.OfSymbol(name));

    [Theory]
    [InlineData("my_app_Shop_Corner__Visit<System___Canon>", "/src/Shop.cs", "Shop.Corner.Visit<T>")]
    [InlineData("my_app__Module___StartupCodeMain", "/_/x.cs", "Module.StartupCodeMain")]
    [InlineData("my_app_shop__visit", "/src/shop.c", "my_app_shop__visit")]
    [InlineData("my_app_shop__visit", null, "my_app_shop__visit")]
    public void Symbols_of_the_programs_own_assembly_need_their_source(string name, string? source, string expected) =>
        Assert.Equal(expected, FunctionNames.OfSymbol(name, source, "/opt/my-app"));
}
