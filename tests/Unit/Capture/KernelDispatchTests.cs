using Scry.Capture;
using Xunit;

namespace Scry.Tests.Unit.Capture;

/// <summary>What compilers make of the kernel's switch over the numbers of calls.</summary>
public sealed class KernelDispatchTests
{
    private const ulong Address = 0x1000;

    // cmp $3, %esi; je +16; cmp $7, %esi; je +16; mov $-38, %rax; ret
    private static readonly byte[] s_tree =
    [
        0x83, 0xfe, 3, 0x74, 16, 0x83, 0xfe, 7, 0x74, 16, 0x48, 0xc7, 0xc0, 0xda, 0xff, 0xff, 0xff, 0xc3, 0xcc, 0xcc, 0xcc,
        0xe9, 0, 0x10, 0, 0, // at 21: jmp
        0xe8, 0, 0x20, 0, 0, // at 26: call of what does not return
    ];

    private static ulong? Walk(byte[] head, uint nr) => KernelDispatch.Walk(Address, (byte[])[.. head, .. s_tree, .. new byte[16]], nr);

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0xf3, 0x0f, 0x1e, 0xfa })]
    [InlineData(new byte[] { 0x0f, 0x1f, 0x44, 0, 0 })]
    [InlineData(new byte[] { 0x66, 0x0f, 0x1f, 0, 0x0f, 0x1f, 0x44, 0, 0 })]
    [InlineData(new byte[] { 0xe8, 0, 0, 0x40, 0 })]
    [InlineData(new byte[] { 0xf3, 0x0f, 0x1e, 0xfa, 0xe8, 0, 0, 0x40, 0 })]
    public void ANumberLeadsToItsFunctionWhateverTracersOfFunctionsHaveMadeOfTheHead(byte[] head)
    {
        ulong start = Address + (ulong)head.Length;
        Assert.Equal(start + 21 + 5 + 0x1000, Walk(head, 3));
        Assert.Equal(start + 26 + 5 + 0x2000, Walk(head, 7));
        Assert.Equal(0ul, Walk(head, 4));
    }

    [Fact]
    public void CodeOfAnotherKindIsNotKnown() => Assert.Null(Walk([0x90, 0x90], 3));
}
