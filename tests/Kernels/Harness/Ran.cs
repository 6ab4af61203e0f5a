using System.Text;

namespace Scry.Tests.Kernels.Harness;

/// <summary>What a script in the machine left: its status, what it said, and its files.</summary>
public sealed class Ran(string directory)
{
    /// <summary>What it said on standard output.</summary>
    public string Output => this["out"];

    /// <summary>What it said on standard error.</summary>
    public string Error => this["err"];

    /// <summary>A file of its directory, as text.</summary>
    public string this[string name] => File.ReadAllText(Path(name), Encoding.UTF8);

    /// <summary>Where a file of its directory is here.</summary>
    public string Path(string name) => File.Exists(System.IO.Path.Combine(directory, name))
        ? System.IO.Path.Combine(directory, name)
        : throw new InvalidOperationException($"the script left no file '{name}'\n{Said}");

    /// <summary>How many lines of a file begin with a word.</summary>
    public int Lines(string name, string with) => this[name].Split('\n').Count(line => line.Contains(with, StringComparison.Ordinal));

    /// <summary>Fails with all that the script said when its status is not the expected one.</summary>
    public Ran Expect(int status = 0) => this["status"].Trim() == $"{status}"
        ? this
        : throw new InvalidOperationException($"exit status {this["status"].Trim()}, expected {status}\n{Said}");

    private string Said
    {
        get
        {
            string output = System.IO.Path.Combine(directory, "out"), error = System.IO.Path.Combine(directory, "err");
            return (File.Exists(error) ? File.ReadAllText(error) : "") + (File.Exists(output) ? Tail(File.ReadAllText(output)) : "");
        }
    }

    private static string Tail(string text) => text.Length > 4000 ? text[^4000..] : text;
}
