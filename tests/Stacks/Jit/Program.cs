using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Tests.Jit;

/// <summary>A program of managed code that waits in read(0).</summary>
internal class Shop(int price)
{
    [DllImport("libc")]
    private static extern nint read(int fd, byte[] bytes, nint length);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Pay(int times) => times * price + (int)read(0, new byte[1], 1);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Visit<T>(T shop, int times)
        where T : Shop => shop.Pay(times) + 1;

    private static int Main() => Visit(new Shop(2), 3) & 1;
}
