using System.Text;
using Scry.Stacks;
using Xunit;

namespace Scry.Tests.Unit.Stacks;

/// <summary>/proc/PID/maps, with names that somebody chose.</summary>
public sealed class ProcMapsTests
{
    private const string Column = "55d0c0a00000-55d0c0a01000 r-xp 00002000 fe:01 1234                       ";

    [Theory]
    [InlineData(Column + "/usr/bin/a b", "/usr/bin/a b")]
    [InlineData(Column + "/tmp/gone (deleted)", "/tmp/gone")]
    [InlineData("7ffc0-7ffd0 r-xp 00000000 00:00 0                  [vdso]", "[vdso]")]
    [InlineData("7ffc0-7ffd0 rwxp 00000000 00:00 0 ", "[anon]")]
    [InlineData("7ffc0-7ffd0 rwxp 00000000 00:01 77                 /dev/zero (deleted)", "/dev/zero")]
    public void Code_has_a_name(string line, string name) =>
        Assert.Equal(name, Assert.Single(ProcMaps.Read(Encoding.UTF8.GetBytes(line + "\n"), static (_, _, _, _) => null)).Name);

    [Fact]
    public void A_file_is_known_by_device_and_inode()
    {
        FileKey? asked = null;
        Mapping mapping = Assert.Single(ProcMaps.Read(Encoding.UTF8.GetBytes(Column + "/x\n"), (key, path, start, end) =>
        {
            asked = key;
            return new MappedFile(key, path);
        }));
        Assert.Equal(new FileKey(0xfe, 1, 1234), asked);
        Assert.Equal((0x55d0c0a00000UL, 0x55d0c0a01000UL, 0x2000UL), (mapping.Start, mapping.End, mapping.Offset));
    }

    [Theory]
    [InlineData("55d0c0a00000-55d0c0a01000 rw-p 00002000 fe:01 1234 /x")]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("1-0 r-xp 0 0:0 0")]
    [InlineData("1-2 r-xp 0 00 0")]
    [InlineData("1-2 r-xp 0 0:0 -1")]
    [InlineData("11111111111111111-2 r-xp 0 0:0 1")]
    public void What_is_no_code_is_left_out(string line) => Assert.Empty(ProcMaps.Read(Encoding.UTF8.GetBytes(line), static (_, _, _, _) => null));
}
