using Scry.Stacks;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Stacks;

/// <summary>The worker may have been taken over: whatever it answers is looked at.</summary>
public sealed class MessageTests
{
    private static byte[] Words(params uint[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    [Fact]
    public void A_files_answer_has_its_parts()
    {
        byte[] bytes = [.. Words(1, 1, 7, 2, 3, 0, 0), 0xab, 0xcd, .. "a.b"u8];
        Assert.Equal(new FileAnswer(true, 7, "abcd", "a.b", "", null), FileAnswer.Read(bytes));
        for (int length = 0; length < bytes.Length; length++)
            Assert.Null(FileAnswer.Read(bytes.AsSpan(0, length)));
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(2u, 0u)]
    [InlineData(1u, uint.MaxValue)]
    public void A_files_answer_that_contradicts_itself_is_none(uint usable, uint length) => Assert.Null(FileAnswer.Read(Words(usable, 0, 0, length, length, length, length)));

    [Theory]
    [InlineData(0u, 1u, 16, true)]
    [InlineData(0u, 1u, 15, false)]
    [InlineData(0u, 1u, 32, false)]
    [InlineData(0u, 0x10000001u, 16, false)]
    [InlineData(0u, uint.MaxValue, 16, false)]
    [InlineData(99u, 0u, 0, false)]
    public void A_stack_has_as_many_frames_as_it_says(uint end, uint count, int bytes, bool reads) =>
        Assert.Equal(reads, UnwindAnswer.TryRead([.. Words(end, count, 0, 0), .. new byte[bytes]], out _));

    [Fact]
    public void A_symbol_has_its_functions()
    {
        byte[] bytes = [.. Words(0x10, 0, 2, 0), .. Words(5, 0, 12, 1, 1, 3), .. "fa.c"u8, .. Words(9, 0, uint.MaxValue, 0, 4, 0), .. "main"u8];
        SymbolAnswer answer = SymbolAnswer.Read(bytes)!;
        Assert.Equal(0x10UL, answer.Address);
        Assert.Equal([new FunctionAnswer("f", "a.c", 12, 5, true), new FunctionAnswer("main", null, 0, 9, false)], answer.Functions);
        for (int length = 0; length < bytes.Length; length++)
            Assert.Null(SymbolAnswer.Read(bytes.AsSpan(0, length)));
        Assert.Null(SymbolAnswer.Read([.. bytes, 0]));
    }

    [Theory]
    [InlineData(66u, 0u, 0u)]
    [InlineData(uint.MaxValue, 0u, 0u)]
    [InlineData(1u, uint.MaxValue, 1u)]
    [InlineData(1u, 1u, uint.MaxValue)]
    [InlineData(1u, 4097u, 0u)]
    public void A_symbol_that_contradicts_itself_is_none(uint count, uint name, uint source) =>
        Assert.Null(SymbolAnswer.Read([.. Words(0, 0, count, 0), .. Words(0, 0, 0, 0, name, source), .. new byte[8]]));

    [Fact]
    public void Any_bytes_can_be_read()
    {
        var random = new Random(14);
        for (int i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(80)];
            random.NextBytes(bytes);
            for (int zero = 0; zero < bytes.Length; zero++)
                bytes[zero] &= (byte)(random.Next(3) == 0 ? 0xff : 0x03);
            FileAnswer.Read(bytes);
            SymbolAnswer.Read(bytes);
            UnwindAnswer.TryRead(bytes, out _);
            ImageEvent.TryRead(bytes, static (_, _, _, _, _) => null, out _);
        }
    }

    [Fact]
    public void Places_are_so_many_and_no_more()
    {
        var places = new PlaceTable(10);
        for (uint i = 0; i < 10; i++)
            Assert.Equal(i, places.Number(new Place($"f{i}", null, 0, "m", null, i, 0, false)));
        Assert.Equal(3u, places.Number(new Place("f3", null, 0, "m", null, 3, 0, false)));
        Assert.Equal(10, places.New().Count);
        uint more = places.Number(new Place("f10", null, 0, "m", null, 10, 0, false));
        Assert.Equal(more, places.Number(new Place("f11", null, 0, "m", null, 11, 0, false)));
        Assert.Equal(("", "m", 0UL), (places[more].Function, places[more].Module, places[more].Address));
        Assert.Equal("why", places[places.Number(new Place("", null, 0, null, null, 0, 0, false, "why"))].End);
        for (int i = 0; i < 10_000; i++)
            places.Number(new Place("", null, 0, $"m{i}", null, 0, 0, false));
        Assert.InRange(places.New().Count, 1, 5000);
        Assert.Empty(places.New());
    }
}
