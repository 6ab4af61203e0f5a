using Scry.Cli;
using Scry.Cli.Launch;
using Xunit;

namespace Scry.Tests.Unit.Cli;

public sealed class CommandPathTests
{
    [Fact]
    public void A_command_is_looked_up_in_order_past_what_cannot_be_executed()
    {
        string root = Directory.CreateTempSubdirectory("scry-path-").FullName;
        try
        {
            Directory.CreateDirectory($"{root}/a/tool");
            Directory.CreateDirectory($"{root}/b");
            Directory.CreateDirectory($"{root}/c");
            File.WriteAllText($"{root}/b/tool", "");
            File.WriteAllText($"{root}/c/tool", "");
            string path = $"{root}/none:{root}/a:{root}/b:{root}/c/";
            Assert.Equal($"cannot run 'tool': {root}/a/tool is a directory", Error("tool", path));
            File.SetUnixFileMode($"{root}/c/tool", UnixFileMode.UserRead | UnixFileMode.UserExecute);
            Assert.Equal($"{root}/c/tool", CommandPath.Resolve("tool", path));
            Assert.Equal($"{root}/c/tool", CommandPath.Resolve($"{root}/c/tool", null));
            Assert.Equal($"cannot run '{root}/b/tool': not executable", Error($"{root}/b/tool", path));
            Assert.Equal("cannot run 'nosuch': not found in PATH", Error("nosuch", path));
            Assert.Equal("cannot run '\\x1b[31m': not found in PATH", Error("\u001b[31m", path));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(7 << 8, 7)]
    [InlineData(9, 137)]
    [InlineData(11 | 0x80, 139)]
    public void A_status_is_a_shell_s(int status, int expected) => Assert.Equal(expected, TracedCommand.StatusOf(status));

    private static string Error(string name, string path) =>
        Assert.Throws<ToolException>(() => CommandPath.Resolve(name, path)).Message;
}
