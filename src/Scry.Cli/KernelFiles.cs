using Scry.Cli.Launch;

namespace Scry.Cli;

/// <summary>
/// What the kernel tells in files: /proc and /sys. Where they are not mounted, as in an empty root, instances that are mounted nowhere
/// serve (native/places.c); they need CAP_SYS_ADMIN.
/// </summary>
internal static class KernelFiles
{
    /// <summary>Refuses to go on without them.</summary>
    /// <returns>Those that are not mounted, and are instances of this process.</returns>
    /// <exception cref="ToolException">One is neither mounted, nor can there be an instance of it.</exception>
    public static IReadOnlyList<string> Require()
    {
        var own = new List<string>();
        Require("/proc"u8, "mount -t proc proc /proc", own);
        Require("/sys"u8, "mount -t sysfs sysfs /sys", own);
        return own;
    }

    private static void Require(ReadOnlySpan<byte> path, string mend, List<string> own)
    {
        string name = System.Text.Encoding.UTF8.GetString(path);
        int state = NativeMethods.PlaceState([.. path, 0]);
        if (state > 0)
            throw new ToolException($"{name} is not mounted, and Scry may not have an instance of its own ({ErrnoText.Describe(state)})", mend);
        if (state < 0)
            own.Add(name);
    }
}
