using Scry.Stacks;
using Xunit;

namespace Scry.Tests.Unit.Stacks;

/// <summary>What was mapped at a time, whatever came later.</summary>
public sealed class ProcessImageTests
{
    private static Mapping Map(ulong start, ulong end, string name, ulong offset = 0) => new(start, end, offset, name, null);

    private static string Names(Mapping[] mappings) => string.Join(" ", mappings.Select(mapping => $"{mapping.Start:x}-{mapping.End:x}={mapping.Name}+{mapping.Offset:x}"));

    [Theory]
    [InlineData(0x3000, 0x4000, "1000-2000=a+0 3000-4000=new+0 5000-8000=b+0")]
    [InlineData(0x0, 0x1000, "0-1000=new+0 1000-2000=a+0 5000-8000=b+0")]
    [InlineData(0x9000, 0xa000, "1000-2000=a+0 5000-8000=b+0 9000-a000=new+0")]
    [InlineData(0x6000, 0x7000, "1000-2000=a+0 5000-6000=b+0 6000-7000=new+0 7000-8000=b+2000")]
    [InlineData(0x5000, 0x6000, "1000-2000=a+0 5000-6000=new+0 6000-8000=b+1000")]
    [InlineData(0x7000, 0x9000, "1000-2000=a+0 5000-7000=b+0 7000-9000=new+0")]
    [InlineData(0x0, 0x9000, "0-9000=new+0")]
    public void A_mapping_replaces_what_it_covers(ulong start, ulong end, string expected)
    {
        var image = new ProcessImage(1, 0, [Map(0x1000, 0x2000, "a"), Map(0x5000, 0x8000, "b")]);
        image.Add(10, Map(start, end, "new"));
        Assert.Equal(expected, Names(image.At(10)));
    }

    [Fact]
    public void Each_time_has_its_own()
    {
        var image = new ProcessImage(1, 5, []);
        image.Add(10, Map(0x1000, 0x2000, "a"));
        image.Add(20, Map(0x1000, 0x2000, "b"));
        Assert.Equal(["", "1000-2000=a+0", "1000-2000=a+0", "1000-2000=b+0", "1000-2000=b+0"], ((ulong[])[1, 10, 19, 20, 99]).Select(time => Names(image.At(time))));
    }

    [Fact]
    public void What_is_told_late_counts_from_then()
    {
        var image = new ProcessImage(1, 0, []);
        image.Add(20, Map(0x1000, 0x2000, "a"));
        image.Add(15, Map(0x3000, 0x4000, "b"));
        Assert.Equal("1000-2000=a+0 3000-4000=b+0", Names(image.At(20)));
    }

    [Fact]
    public void Old_times_are_forgotten()
    {
        var image = new ProcessImage(1, 0, []);
        for (ulong i = 1; i < 1000; i++)
            image.Add(i, Map(0x1000, 0x2000, $"{i}"));
        Assert.Equal("1000-2000=999+0", Names(image.At(999)));
        Assert.NotEqual("", Names(image.At(1)));
    }

    [Fact]
    public void An_address_has_the_mapping_that_it_lies_in()
    {
        Mapping[] mappings = [Map(0x1000, 0x2000, "a"), Map(0x5000, 0x8000, "b")];
        Assert.Equal([null, "a", "a", null, "b", null], ((ulong[])[0xfff, 0x1000, 0x1fff, 0x2000, 0x5000, 0x8000]).Select(address => ProcessImage.Find(mappings, address)?.Name));
    }

    [Fact]
    public void Processes_follow_what_the_kernel_tells()
    {
        using var opener = new Opener();
        using var files = new MappedFiles(opener);
        var images = new ProcessImages(files, null);
        const uint one = 0x7ffffff0, child = 0x7ffffff1;
        images.Learn(new ImageEvent(ImageEventKind.Exec, 10, one));
        images.Learn(new ImageEvent(ImageEventKind.Map, 11, one, 0, Map(0x1000, 0x2000, "a")));
        images.Learn(new ImageEvent(ImageEventKind.Fork, 20, child, one));
        images.Learn(new ImageEvent(ImageEventKind.Map, 21, one, 0, Map(0x1000, 0x2000, "b")));
        images.Learn(new ImageEvent(ImageEventKind.Exec, 30, child));
        images.Learn(new ImageEvent(ImageEventKind.Map, 31, child, 0, Map(0x9000, 0xa000, "c")));
        images.Learn(new ImageEvent(ImageEventKind.Exit, 40, child));
        Assert.Equal("1000-2000=a+0", Names(images.Find(child, 25)!.At(25)));
        Assert.Equal("1000-2000=b+0", Names(images.Find(one, 25)!.At(25)));
        Assert.Equal("9000-a000=c+0", Names(images.Find(child, 50)!.At(50)));
        Assert.Null(images.Find(0x7ffffff2, 1));
    }

    [Theory]
    [InlineData("0", new[] { 0 })]
    [InlineData("0-2,5\n", new[] { 0, 1, 2, 5 })]
    public void Cpus_are_a_list_of_ranges(string list, int[] expected) => Assert.Equal(expected, ImageFollower.Cpus(list));
}
