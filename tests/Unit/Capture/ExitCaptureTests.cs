using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Scry.Capture;
using Scry.Syscalls;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Capture;

/// <summary>Which calls can be seen at their exit alone.</summary>
public sealed partial class ExitCaptureTests
{
    /// <summary>docs/CONFORMANCE.md names every call that is not the same then, of every table, and no other.</summary>
    [Fact]
    public void TheDocumentNamesEveryCallThatNeedsItsEntry()
    {
        var needs = new SortedSet<string>(StringComparer.Ordinal);
        for (int id = 0; id < SyscallRow.Count; id++)
        {
            string name = Encoding.ASCII.GetString(new SyscallRow(id).Name);
            if (new[] { Architecture.X64, Architecture.Arm64 }.Any(machine => ExitCapture.NeedsEntry(Options(name, machine))))
                needs.Add(name);
        }
        Assert.True(needs.SetEquals(Documented()), string.Join(" ", needs) + " / documented: " + string.Join(" ", Documented()));
    }

    /// <summary>A run goes without the entry where nobody asks for what it alone knows.</summary>
    [Theory]
    [InlineData("openat", false, 0, CaptureTime.Auto, true)]
    [InlineData("openat", true, 0, CaptureTime.Auto, false)]
    [InlineData("openat", false, 1000, CaptureTime.Auto, false)]
    [InlineData("openat", false, 0, CaptureTime.Entry, false)]
    [InlineData("accept4", false, 0, CaptureTime.Auto, false)]
    [InlineData("accept4", false, 0, CaptureTime.Exit, true)]
    [InlineData("poll", false, 0, CaptureTime.Auto, true)]
    [InlineData("read,write,close,lseek,fstat,newfstatat,mmap,execve,exit_group,clone,futex,epoll_wait", false, 0, CaptureTime.Auto, true)]
    [InlineData("openat,rt_sigaction", false, 0, CaptureTime.Auto, false)]
    public void TheEntryIsLeftOutWhereNothingIsLost(string calls, bool durations, ulong least, CaptureTime asked, bool atExit)
    {
        SessionOptions options = Options(calls, Architecture.X64) with { Durations = durations, MinDurationNs = least, Capture = asked };
        Assert.Equal(atExit, ExitCapture.Of(options));
    }

    private static SessionOptions Options(string calls, Architecture machine)
    {
        SyscallSelector selector = SyscallSelector.Parse([string.Join(',', calls.Split(',').Select(call => $"?/^{call}$"))]);
        return new SessionOptions { Target = TargetKind.All, Plans = CapturePlans.Of(selector, machine: machine), Variants = CapturePlans.VariantsOf(selector, machine: machine) };
    }

    private static SortedSet<string> Documented() => new(
        File.ReadLines(Path.Combine(RoomTests.Root, "docs/CONFORMANCE.md"))
            .SkipWhile(line => line != "## Seen at the exit alone").Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Select(line => Row().Match(line)).Where(match => match.Success)
            .SelectMany(match => Name().Matches(match.Groups[1].Value).Select(name => name.Groups[1].Value)),
        StringComparer.Ordinal);

    [GeneratedRegex(@"^\| (`\w+`(?:, `\w+`)*) \|")]
    private static partial Regex Row();

    [GeneratedRegex(@"`(\w+)`")]
    private static partial Regex Name();
}
