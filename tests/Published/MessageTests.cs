using System.Text.RegularExpressions;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>What was typed comes back in messages, and steers no terminal.</summary>
public sealed class MessageTests
{
    private const string Hostile = "\e[31m\u202e\u200b\u009b\U000e0041x";
    private static readonly string[] s_commands =
        ["trace", "record", "report", "loop start", "loop list", "loop dump", "loop trigger", "loop watch", "loop run", "loop stop", "stat", "top", "strace", "stuck", "bench", "doctor"];

    [Fact]
    public void NoMessageOfAnyCommandOrOptionEchoesWhatSteersATerminal()
    {
        // By a user who can start nothing: what is typed is refused, or he is.
        using var workspace = new Workspace();
        File.Copy(ScryBinary.Path, workspace["scry"]);
        File.SetUnixFileMode(Path.GetDirectoryName(workspace["scry"])!, (UnixFileMode)0b111_101_101);
        var words = new List<string[]> { new[] { Hostile } };
        foreach (string[] command in s_commands.Select(name => name.Split(' ')))
        {
            string help = Child.Run(workspace["scry"], [.. command, "--help"]).Output;
            words.Add([.. command, Hostile]);
            words.Add([.. command, "--" + Hostile]);
            foreach (string option in Regex.Matches(help, "(?<![\\w-])--?[a-zA-Z][a-z-]*").Select(match => match.Value).Distinct())
            {
                // Either way of giving a value.
                words.Add(words.Count % 2 == 0 ? [.. command, option, Hostile] : [.. command, $"{option}={Hostile}"]);
            }
        }
        int said = 0;
        Parallel.ForEach(words, new ParallelOptions { MaxDegreeOfParallelism = 4 }, line =>
        {
            Finished run = Child.Run("timeout", ["-s", "KILL", "5", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", workspace["scry"], .. line]);
            Assert.DoesNotMatch("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u200b\\u202e]|\\udb40", run.Error);
            if (run.Error.Contains("x1b[31m", StringComparison.Ordinal))
                Interlocked.Increment(ref said);
        });
        Assert.InRange(said, 50, words.Count);
    }
}
