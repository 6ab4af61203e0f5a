using System.Globalization;
using System.Text;
using Scry.Syscalls;
using Xunit;

namespace Scry.Tests.Layout;

/// <summary>
/// Compiles the structures of the facts against the headers of each ABI: where their fields lie, how large they are. A structure or
/// field that the installed headers do not know is passed over, as for names.
/// </summary>
public sealed class StructTests
{
    /// <summary>Offsets and sizes that the installed headers (Debian 12: 6.1) confirm for each ABI; fewer means that the check has gone blind.</summary>
    private const int ConfirmedAtLeast = 800;

    // C's name where it is not the facts', by the facts' name.
    private static readonly Dictionary<string, string> s_names = new()
    {
        ["timespec64"] = "__kernel_timespec", ["itimerspec64"] = "__kernel_itimerspec", ["timex64"] = "__kernel_timex", ["old_kernel_stat"] = "__old_kernel_stat",
        ["utsname"] = "new_utsname", ["cap_user_header"] = "__user_cap_header_struct", ["cap_user_data"] = "__user_cap_data_struct",
        ["flock_get"] = "flock", ["flock64_get"] = "flock64", ["ifreq_flags"] = "ifreq", ["ifreq_newname"] = "ifreq", ["ifreq_slave"] = "ifreq", ["ifreq_map"] = "ifreq", ["ifreq_metric"] = "ifreq", ["ifreq_mtu"] = "ifreq", ["ifreq_qlen"] = "ifreq", ["ifreq_index"] = "ifreq", ["ifreq_brif"] = "ifreq",
    };

    // What the headers call a type.
    private static readonly HashSet<string> s_typedefs = ["stack_t"];

    // Structures of which the facts have the beginning alone: what follows is not shown, or newer than the installed headers.
    private static readonly HashSet<string> s_beginnings = ["sigevent", "perf_event_attr", "ifreq_flags", "ifreq_newname", "ifreq_slave", "ifreq_map", "ifreq_metric", "ifreq_mtu", "ifreq_qlen", "ifreq_index", "ifreq_brif", "sysinfo", "landlock_ruleset_attr"];

    // What a header means by the name is not what the call takes.
    private static readonly (string Struct, string Abi)[] s_others =
    [
        // <asm/signal.h> has sigaction(2)'s there, and sigset_t is a word.
        ("sigaction", "ia32"), ("sigaction", "arm"),
        // Calls of 32-bit ABIs.
        ("statfs64", "x86-64"), ("statfs64", "arm64"), ("stat64", "x86-64"), ("stat64", "arm64"),
        ("old_kernel_stat", "x86-64"), ("old_utsname", "x86-64"), ("old_utsname", "arm64"),
    ];

    private static readonly string[] s_headers =
    [
        "asm/ldt.h", "asm/poll.h", "asm/signal.h", "asm/siginfo.h", "asm/stat.h", "asm/statfs.h", "asm/termbits.h", "asm/termios.h",
        "linux/aio_abi.h", "linux/capability.h", "linux/eventpoll.h", "linux/fcntl.h", "linux/filter.h", "linux/fs.h", "linux/futex.h",
        "linux/hdreg.h", "linux/if.h", "linux/in.h", "linux/in6.h", "linux/io_uring.h", "linux/landlock.h", "linux/loop.h", "linux/mount.h",
        "linux/mqueue.h", "linux/openat2.h", "linux/perf_event.h", "linux/resource.h", "linux/rtc.h", "linux/sched.h", "linux/sched/types.h",
        "linux/seccomp.h", "linux/sem.h", "linux/stat.h", "linux/sysinfo.h", "linux/time.h", "linux/time_types.h", "linux/times.h",
        "linux/timex.h", "linux/uio.h", "linux/userfaultfd.h", "linux/utime.h", "linux/utsname.h",
    ];

    private sealed record Claim(string Struct, string What, string Condition);

    [Theory]
    [MemberData(nameof(Machine.Names), MemberType = typeof(Machine))]
    public async Task StructuresAreThoseOfTheHeaders(string abi)
    {
        Machine machine = Machine.Of(abi);
        await machine.MustCompile();
        Claim[] claims = [.. Claims(Array.IndexOf(AbiTable.Names, abi)).Where(claim => !s_others.Contains((claim.Struct, abi)))];
        HashSet<int> confirmed = [], wrong = [];
        foreach (string header in s_headers)
        {
            string include = $"#include <stddef.h>\n#include <linux/types.h>\n#if __has_include(<{header}>)\n#include <{header}>\n#endif\n";
            if (await machine.Assertions(include, [.. claims.Select(claim => claim.Condition)]) is not var (holding, failing))
                continue;
            confirmed.UnionWith(holding);
            wrong.UnionWith(failing);
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Order().Select(place => $"{claims[place].Struct}: {claims[place].What}")));
        Assert.True(confirmed.Count >= ConfirmedAtLeast, $"only {confirmed.Count} offsets and sizes were confirmed");
    }

    // The mask in a signal's frame, from where the facts have it.
    [Theory]
    [InlineData("x86-64", "rt_sigreturn", "0")]
    [InlineData("arm64", "rt_sigreturn", "sizeof(struct siginfo)")]
    [InlineData("arm", "rt_sigreturn", "sizeof(struct siginfo)")]
    [InlineData("arm", "sigreturn", "0")]
    public async Task MasksLieInSignalFramesAsTheHeadersSay(string abi, string call, string context)
    {
        int table = Array.IndexOf(AbiTable.Names, abi);
        int row = Enumerable.Range(0, SyscallRow.Count).First(id => new SyscallRow(id).Is(Encoding.ASCII.GetBytes(call)));
        int offset = SignalFrames.MaskOffset(new SyscallRow(row), table);
        // Arm's own <asm/ucontext.h> is not among the headers for programs; it begins as the general one.
        const string include = "#include <stddef.h>\n#include <asm/signal.h>\n#include <asm/siginfo.h>\n#include <asm/sigcontext.h>\n"
            + "#if __has_include(<asm/ucontext.h>)\n#include <asm/ucontext.h>\n#else\n#include <asm-generic/ucontext.h>\n#endif\n";
        string claim = string.Create(CultureInfo.InvariantCulture, $"{context} + offsetof(struct ucontext, uc_sigmask) == {offset}");
        var (holding, _) = (await Machine.Of(abi).Assertions(include, [claim]))!.Value;
        Assert.True(holding.Count == 1, claim);
    }

    private static IEnumerable<Claim> Claims(int table)
    {
        var claims = new List<Claim>();
        for (int id = 0; id < StructRow.Count; id++)
        {
            var layout = new StructRow(id, table);
            string name = Encoding.ASCII.GetString(layout.Name), c = s_names.GetValueOrDefault(name, name);
            c = s_typedefs.Contains(name) ? c : $"struct {c}";
            if (!s_beginnings.Contains(name))
                claims.Add(new Claim(name, $"{layout.Size} bytes", $"sizeof({c}) == {layout.Size}"));
            for (int i = 0; i < layout.FieldCount; i++)
            {
                FieldRow field = layout.Field(i);
                string member = Encoding.ASCII.GetString(field.Name);
                int size = field.Size * Math.Max(1, field.Array);
                claims.Add(new Claim(name, $"{member} at {field.Offset}", $"offsetof({c}, {member}) == {field.Offset}"));
                claims.Add(new Claim(name, $"{member} of {size} bytes", $"sizeof((({c} *)0)->{member}) == {size}"));
            }
        }
        return claims.DistinctBy(claim => (claim.Struct, claim.What));
    }
}
