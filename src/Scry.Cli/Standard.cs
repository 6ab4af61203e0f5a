using System.Text;
using Scry.Cli.Launch;

namespace Scry.Cli;

/// <summary>Standard output and error for text that is not a trace.</summary>
internal static class Standard
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Standard output.</summary>
    public static TextWriter Output { get; } = new StreamWriter(new DescriptorStream(1), Utf8) { AutoFlush = true };

    /// <summary>Standard error: when nobody reads it, the exit status still tells.</summary>
    public static TextWriter Error { get; } = new StreamWriter(new DescriptorStream(2, isOptional: true), Utf8) { AutoFlush = true };
}
