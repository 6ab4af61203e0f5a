using Scry.Targets;
using Xunit;

namespace Scry.Tests.Unit.Targets;

/// <summary>Names that go with numbers and cgroups.</summary>
public sealed class NameTests
{
    [Theory]
    [InlineData("/system.slice/nginx.service", "nginx.service")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/app.slice/x.service", "user@1000.service")]
    [InlineData("/user.slice/user-1000.slice/session-2.scope", "session-2.scope")]
    [InlineData("/user.slice/user-1000.slice", "user-1000.slice")]
    [InlineData("/system.slice/_cpu.service", "cpu.service")]
    [InlineData("/k8s.io/abc/evil.service", null)]
    [InlineData("/", null)]
    public void The_unit_is_the_outermost_one_that_is_no_slice(string path, string? unit) => Assert.Equal(unit, UnitNames.Of(path));

    [Fact]
    public void Users_have_the_first_name_of_their_number()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\nbroken\nbad:x:y\nwww:x:33:33::/:\n");
            var names = new UserNames(file);
            Assert.Equal(("root", "www", null), (names.Find(0), names.Find(33), names.Find(34)));
        }
        finally
        {
            File.Delete(file);
        }
        Assert.Null(new UserNames(file).Find(0));
    }
}
