using System.Text.RegularExpressions;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>An ordinary user with CAP_BPF and CAP_PERFMON, as docs/RIGHTS.md has it; one without; and two beside each other.</summary>
public sealed partial class RightsTests
{
    private const string Nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
    private const string Mounts = "mount --make-rprivate / && umount -a -t bpf; mount -t bpf bpf /sys/fs/bpf && ";

    [Fact]
    public void EachCommandWorksAsTheTableSays()
    {
        foreach ((string words, string[] without, string result) in Run([]))
            Assert.Equal($"{words}: 0 {string.Join(' ', without)}".Trim(), $"{words}: {result}".Trim());
    }

    [Fact]
    public void NothingIsLeftOutWithTheRightsThatTheTableNames()
    {
        string[] named = [.. Rows().SelectMany(row => row.Without).Distinct()];
        Assert.Equal(3, named.Length);
        foreach ((string words, _, string result) in Run(named))
            Assert.Equal($"{words}: 0", $"{words}: {result}".Trim());
    }

    [Fact]
    public void WithoutThemEachIsRefusedInOneLine()
    {
        foreach ((string words, _) in Rows().Where(row => !row.Words.StartsWith("report", StringComparison.Ordinal) && row.Words != "doctor"))
        {
            Finished run = Child.Shell($"{Nobody} {ScryBinary.Path} {words}").Expect(1);
            Assert.Equal("scry: tracing needs CAP_BPF and CAP_PERFMON, of which this process lacks CAP_BPF and CAP_PERFMON;"
                + " run it with sudo, or give them to the binary: setcap cap_bpf,cap_perfmon+ep /PATH/TO/scry\n", run.Error);
            Assert.Empty(run.Output);
        }
        Assert.Contains("of which this process lacks CAP_PERFMON;", Child.Shell($"{Nobody} --inh-caps=+bpf --ambient-caps=+bpf {ScryBinary.Path} trace -- true").Expect(1).Error);
    }

    [Fact]
    public void DoctorTellsEachRight()
    {
        Finished none = Child.Shell($"{Nobody} {ScryBinary.Path} doctor").Expect(1);
        foreach (string right in (string[])["CAP_BPF", "CAP_PERFMON"])
            Assert.Matches($@"(?m)^MISSING   {right} +not here: with it .+; sudo, or setcap ", none.Output);
        Finished enough = Child.Shell($"{Nobody} {Ambient([])} {ScryBinary.Path} doctor").Expect();
        foreach (string right in (string[])["CAP_SYS_PTRACE", "CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH"])
            Assert.Matches($@"(?m)^optional  {right} +not here: with it .+; sudo, or setcap cap_bpf,cap_perfmon,{right.ToLowerInvariant()}\+ep", enough.Output);
        Assert.Contains("kernel.unprivileged_bpf_disabled", enough.Output);
        Assert.Contains("kernel.perf_event_paranoid", enough.Output);
    }

    [Fact]
    public void RootOfAUserNamespaceIsTold()
    {
        Finished run = Child.Run("unshare", "--user", "--map-root-user", ScryBinary.Path, "trace", "--", "true").Expect(1);
        Assert.Equal("scry: Scry runs in a user namespace of its own, whose root has no rights over the kernel; run it outside: of a rootless container, on the host\n", run.Error);
        Assert.Contains("MISSING   rights ", Child.Run("unshare", "--user", "--map-root-user", ScryBinary.Path, "doctor").Expect(1).Output);
    }

    [Fact]
    public void AFilesCapabilitiesWorkAndAreNotInherited()
    {
        using var workspace = new Workspace();
        Child.Shell($"chmod 755 {workspace["."]}; cp {ScryBinary.Path} {workspace["scry"]} && setcap cap_bpf,cap_perfmon+ep {workspace["scry"]}").Expect();
        Finished run = Child.Shell($"LD_LIBRARY_PATH=/no/such {Nobody} {workspace["scry"]} trace -e execve -- sh -c 'grep Cap /proc/self/status; env'").Expect();
        foreach (string set in (string[])["CapInh", "CapPrm", "CapEff", "CapAmb"])
            Assert.Contains($"{set}:\t0000000000000000", run.Lines);
        Assert.DoesNotContain("LD_LIBRARY_PATH", run.Output);
        Assert.Contains("execve(", run.Error);
        Assert.Contains("complete: ", run.Error);
        Assert.Matches("(?m)^ok +rights +enough, without being root$", Child.Shell($"{Nobody} {workspace["scry"]} doctor").Expect().Output);
    }

    [Fact]
    public void UsersRecordersDoNotMeet()
    {
        string scry = ScryBinary.Path, nobody = $"{Nobody} {Ambient([])} {scry}";
        Finished run = Private(Mounts + $"{scry} loop start same -a --memory 4M && {nobody} loop list && {nobody} stuck > /dev/null && {nobody} loop start same -a --memory 4M"
            + $" && stat -c '%n %u %a' /sys/fs/bpf/scry* && {nobody} loop stop same && {nobody} loop list; {scry} loop list; {scry} loop stop same").Expect();
        Assert.Equal(2, run.Error.Split("no flight recorder is running").Length - 1);
        Assert.Single(run.Lines, line => line.StartsWith("same: all", StringComparison.Ordinal));
        Assert.Contains("/sys/fs/bpf/scry 0 700", run.Lines);
        Assert.Contains("/sys/fs/bpf/scry-65534 65534 700", run.Lines);
    }

    [Theory]
    [InlineData(false, "scry")]
    [InlineData(true, "scry-65534")]
    public void ADirectoryOfSomebodyElseIsNotUsed(bool nobody, string name)
    {
        string run = nobody ? $"{Nobody} {Ambient([])} {ScryBinary.Path}" : ScryBinary.Path;
        Finished found = Private(Mounts + $"mkdir -m 777 /sys/fs/bpf/{name} && chown 1234 /sys/fs/bpf/{name} && ! {run} loop start x -a --memory 4M && ! {run} loop list && {run} stuck > /dev/null").Expect();
        Assert.Equal(2, found.Error.Split($"scry: /sys/fs/bpf/{name} belongs to user 1234, who could have put anything there; rmdir ").Length - 1);
    }

    /// <summary>A link that another user left there would lead root's stop to any directory; here the kernel does not keep root from following it (fs.protected_symlinks).</summary>
    [Fact]
    public void ALinkOfSomebodyElseIsNotFollowed()
    {
        const string plant = "mkdir -m 700 /sys/fs/bpf/elsewhere /sys/fs/bpf/elsewhere/x && chmod 755 /sys/fs/bpf && ln -s elsewhere /sys/fs/bpf/scry && chown -h 1234 /sys/fs/bpf/scry";
        Finished found = Private(Mounts + $"{plant} && ! {ScryBinary.Path} loop stop x && ! {ScryBinary.Path} loop list && ls /sys/fs/bpf/elsewhere").Expect();
        Assert.Equal(2, found.Error.Split("scry: /sys/fs/bpf/scry belongs to user 1234, who could have put anything there; rmdir ").Length - 1);
        Assert.Equal("x\n", found.Output);
    }

    [Fact]
    public void ABpfFileSystemThatIsRootsAloneIsNamed()
    {
        Finished run = Private(Mounts + $"chmod 700 /sys/fs/bpf && {Nobody} {Ambient([])} {ScryBinary.Path} loop start x -a --memory 4M").Expect(1);
        Assert.StartsWith("scry: cannot pin anything in /sys/fs/bpf/scry-65534: permission denied", run.Error);
        Assert.EndsWith("; 'scry loop run' pins nothing; or as root: chmod a+x /sys/fs/bpf && mkdir /sys/fs/bpf/scry-65534 && chown 65534 /sys/fs/bpf/scry-65534\n", run.Error);
    }

    // Each row of the table, as nobody with the two and these besides: its words, what it names, and what came of it.
    private static IEnumerable<(string Words, string[] Without, string Result)> Run(string[] more)
    {
        (string Words, string[] Without)[] rows = [.. Rows()];
        Assert.True(rows.Length >= 15);
        using var workspace = new Workspace();
        string each = string.Concat(rows.Select(row => $"{Nobody} {Ambient(more)} ./scry {row.Words} > out 2> err; echo $? $(grep -o '^scry: without CAP_[A-Z_]*' err | cut -d' ' -f3 | sort); "));
        Finished run = Private(Mounts + $"cd {workspace["."]} && cp {ScryBinary.Path} scry && chown 65534 . && chmod 700 . && {each}").Expect();
        return rows.Zip(run.Lines, (row, line) => (row.Words, row.Without, line)).ToArray();
    }

    private static IEnumerable<(string Words, string[] Without)> Rows() => File.ReadLines(Path.Combine(ScryBinary.Repository, "docs/RIGHTS.md"))
        .Select(line => Row().Match(line)).Where(match => match.Success)
        .Select(match => (match.Groups[1].Value, match.Groups[2].Value.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)));

    private static string Ambient(string[] more)
    {
        string names = string.Join(',', more.Select(name => "+" + name["CAP_".Length..].ToLowerInvariant()).Prepend("+bpf,+perfmon"));
        return $"--inh-caps={names} --ambient-caps={names}";
    }

    private static Finished Private(string script) => Child.Run("unshare", "-m", "/bin/sh", "-c", script);

    [GeneratedRegex(@"^\| `scry ([^`]+)` \| ([A-Z_, ]*)\|$")]
    private static partial Regex Row();
}
