namespace Scry.Capture;

/// <summary>The kernel side's objects, which travel inside the binary.</summary>
internal static class Programs
{
    /// <summary>The bytes of one, by its file's name.</summary>
    public static byte[] Read(string name)
    {
        using Stream stream = typeof(Programs).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is missing from the binary");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
