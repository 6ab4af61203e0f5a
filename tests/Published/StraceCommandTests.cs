using System.Text.RegularExpressions;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary><c>scry strace</c> and strace, given the same words.</summary>
public sealed class StraceCommandTests
{
    // Calls of ls whose lines have no address in them.
    private const string Plain = "openat,close,read,access,write,exit_group";

    [Theory]
    [InlineData("")]
    [InlineData("-X raw")]
    [InlineData("-X verbose")]
    [InlineData("-X abbrev -s 5 -a 30")]
    [InlineData("-x")]
    [InlineData("-xx")]
    [InlineData("--strings-in-hex=non-ascii-chars")]
    [InlineData("-n")]
    [InlineData("-z")]
    [InlineData("-Z")]
    [InlineData("--failed")]
    [InlineData("-e status=!successful")]
    [InlineData("-e status=successful,unfinished")]
    [InlineData("-y")]
    [InlineData("-yy")]
    [InlineData("-e decode-fds=path")]
    [InlineData("-q")]
    [InlineData("-qq")]
    [InlineData("-e quiet=exit")]
    [InlineData("-e signal=none")]
    [InlineData("-e read=3 -e write=2")]
    [InlineData("-e read=all -s 3")]
    [InlineData("-e raw=close,exit_group")]
    [InlineData("-e trace=openat -e trace=close")]
    [InlineData("-e trace=,openat,,close,")]
    [InlineData("-e trace=!!openat")]
    [InlineData("-e trace=?nothing,3")]
    [InlineData("-e /^open")]
    [InlineData("-P /etc/ld.so.cache -qqq")]
    [InlineData("-fyXverbose -s3")]
    [InlineData("--trace=close --columns 20 --string-l 4")]
    public void LinesAreStraces(string options)
    {
        using var workspace = new Workspace();
        string[] words = [.. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        string[] calls = options.Contains("trace=", StringComparison.Ordinal) || options.Contains("-e /", StringComparison.Ordinal) ? [] : ["-e", "trace=" + Plain];
        // Threads have other numbers each time: shown with -f alone.
        string[] command = ["ls", "/no/such/place", "/etc/hostname"];
        Finished theirs = Child.Run("strace", [.. calls, .. words, "-o", workspace["strace"], .. command]);
        Finished ours = Child.Run(ScryBinary.Path, ["strace", .. calls, .. words, "-o", workspace["scry"], .. command]);
        Assert.Equal(theirs.Status, ours.Status);
        Assert.Equal(Lines(workspace["strace"]), Lines(workspace["scry"]));
    }

    [Fact]
    public void EachThreadHasAFileOfItsOwn()
    {
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, "strace", "-ff", "-e", "execve", "-o", workspace["log"], "sh", "-c", "ls /no/such/place; true").Expect();
        string[] files = Directory.GetFiles(Path.GetDirectoryName(workspace["log"])!, "log.*");
        Assert.Equal(2, files.Length);
        Assert.All(files, file => Assert.Single(File.ReadAllLines(file), line => line.StartsWith("execve(", StringComparison.Ordinal)));
        Assert.False(File.Exists(workspace["log"]));
    }

    [Fact]
    public void MoreThreadsThanFilesMayBeOpenHaveFiles()
    {
        using var workspace = new Workspace();
        Child.Run("sh", "-c", $"ulimit -n 64; exec {ScryBinary.Path} strace -ff -e execve -o {workspace["log"]} sh -c 'for i in $(seq 100); do sleep 1 & done; wait'").Expect();
        string[] files = Directory.GetFiles(Path.GetDirectoryName(workspace["log"])!, "log.*");
        Assert.Equal(102, files.Length);
        Assert.All(files, file => Assert.Equal("+++ exited with 0 +++", File.ReadAllLines(file)[^1]));
    }

    [Fact]
    public void LinesCanBeAddedToAFile()
    {
        using var workspace = new Workspace();
        File.WriteAllText(workspace["log"], "before\n");
        Child.Run(ScryBinary.Path, "strace", "-A", "-e", "none", "-o", workspace["log"], "true").Expect();
        Assert.Equal(["before", "+++ exited with 0 +++"], File.ReadAllLines(workspace["log"]));
    }

    [Fact]
    public void LinesCanGoToACommand()
    {
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, "strace", "-e", "none", "-o", $"|tr e E > {workspace["log"]}", "true").Expect();
        Assert.Equal(["+++ ExitEd with 0 +++"], File.ReadAllLines(workspace["log"]));
    }

    // All children are reaped as they end: who reads may end before who writes.
    [Theory]
    [InlineData("|exec cat >&-")]
    [InlineData("|exit 0")]
    [InlineData("|read line")]
    public void ACommandThatReadsNoMoreEndsNothing(string output)
    {
        Finished run = Child.Run(ScryBinary.Path, "strace", "-o", output, "-e", "openat,nanosleep,clock_nanosleep", "sleep", "0.3");
        Assert.InRange(run.Status, 0, 1);
    }

    [Fact]
    public void TheCommandHasTheVariablesAndTheUserThatWereAskedFor()
    {
        Assert.Equal("1-\n", Child.Run(ScryBinary.Path, "strace", "-e", "none", "-E", "ONE=1", "-E", "HOME", "sh", "-c", "echo $ONE-$HOME").Expect().Output);
        Assert.Equal("nobody nogroup\n", Child.Run(ScryBinary.Path, "strace", "-e", "none", "-u", "nobody", "sh", "-c", "echo $(id -un) $(id -Gn)").Expect().Output);
        Assert.StartsWith("other\0", Child.Run(ScryBinary.Path, "strace", "-e", "none", "--argv0=other", "cat", "/proc/self/cmdline").Expect().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void TheBinaryIsStraceUnderItsName()
    {
        using var workspace = new Workspace();
        File.CreateSymbolicLink(workspace["strace"], ScryBinary.Path);
        Assert.StartsWith("strace -- version 6.1\n", Child.Run(workspace["strace"], "-V").Expect().Output, StringComparison.Ordinal);
        Assert.Contains("+++ exited with 0 +++", Child.Run(workspace["strace"], "-e", "none", "true").Expect().Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-e inject=read:error=EIO true", "calls cannot be tampered with; that needs a process that stops")]
    [InlineData("-e fault=read true", "calls cannot be tampered with")]
    [InlineData("-e kvm=vcpu true", "exits of virtual CPUs are no system calls")]
    [InlineData("-D true", "-D: the command is Scry's child")]
    [InlineData("-b execve true", "cannot let go")]
    [InlineData("--secontext true", "contexts of SELinux are not shown")]
    [InlineData("--nothing true", "there is no option '--nothing'")]
    [InlineData("--s true", "option '--s' may be ")]
    [InlineData("-j true", "there is no option '-j'")]
    [InlineData("-o", "option '-o' needs a value")]
    [InlineData("-e trace= true", "names nothing")]
    [InlineData("-e trace=nothing true", "there is no syscall 'nothing'")]
    [InlineData("-e signal=SIGNOTHING true", "is no signal")]
    [InlineData("-e status=odd true", "'odd' is not one of successful, ")]
    [InlineData("-X odd true", "-X: 'odd' is not one of raw, abbrev, verbose")]
    [InlineData("-t --absolute-timestamps=unix true", "say the same thing")]
    [InlineData("-c -C true", "exclude each other")]
    [InlineData("-w true", "-w needs -c or -C")]
    [InlineData("-I 5 true", "-I: '5' is not one of 1, 2, 3, 4")]
    [InlineData("-O often true", "-O: 'often' is not a time")]
    [InlineData("--output= true", "not the name of a file")]
    [InlineData("-u no-such-user true", "no user is named 'no-such-user'")]
    public void WhatMakesNoSenseIsSaidInOneLine(string options, string message)
    {
        Finished run = Child.Run(ScryBinary.Path, ["strace", .. options.Split(' ')]);
        Assert.InRange(run.Status, 1, 2);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    // Numbers of threads and pipes differ from run to run.
    private static string[] Lines(string file) => [.. File.ReadAllLines(file).Select(line => Regex.Replace(line, @"^\d+ +|(?<=pipe:\[)\d+", ""))];
}
