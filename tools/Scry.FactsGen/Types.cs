using System.Text.RegularExpressions;
using Scry.Syscalls;

namespace Scry.FactsGen;

internal sealed partial class Facts
{
    // Scalar names: kind, and for integers bytes (0: a long), sign, base.
    private static readonly Dictionary<string, (TypeKind Kind, int A, int B, int C)> s_scalars = new()
    {
        ["int"] = (TypeKind.Int, 4, 1, 10), ["uint"] = (TypeKind.Int, 4, 0, 10), ["s8"] = (TypeKind.Int, 1, 1, 10), ["u8"] = (TypeKind.Int, 1, 0, 10),
        ["s16"] = (TypeKind.Int, 2, 1, 10), ["u16"] = (TypeKind.Int, 2, 0, 10), ["s32"] = (TypeKind.Int, 4, 1, 10), ["u32"] = (TypeKind.Int, 4, 0, 10),
        ["s64"] = (TypeKind.Int, 8, 1, 10), ["u64"] = (TypeKind.Int, 8, 0, 10), ["long"] = (TypeKind.Int, 0, 1, 10), ["ulong"] = (TypeKind.Int, 0, 0, 10),
        ["size"] = (TypeKind.Int, 0, 0, 10), ["ssize"] = (TypeKind.Int, 0, 1, 10), ["off"] = (TypeKind.Int, 0, 1, 10), ["clock_t"] = (TypeKind.Int, 0, 1, 10),
        ["hex"] = (TypeKind.Int, 4, 0, 16), ["hexlong"] = (TypeKind.Int, 0, 0, 16), ["octal"] = (TypeKind.Int, 4, 0, 8), ["hex64"] = (TypeKind.Int, 8, 0, 16),
        ["mode"] = (TypeKind.Mode, 0, 0, 0), ["st_mode"] = (TypeKind.StMode, 0, 0, 0), ["dev"] = (TypeKind.Dev, 0, 0, 0), ["time"] = (TypeKind.Time, 0, 0, 0),
        ["fd"] = (TypeKind.Fd, 0, 0, 0), ["dirfd"] = (TypeKind.DirFd, 0, 0, 0), ["uid"] = (TypeKind.Uid, 0, 0, 0), ["gid"] = (TypeKind.Gid, 0, 0, 0),
        ["uid16"] = (TypeKind.Uid16, 0, 0, 0), ["gid16"] = (TypeKind.Gid16, 0, 0, 0), ["pid"] = (TypeKind.Pid, 1, 0, 0), ["tid"] = (TypeKind.Pid, 0, 0, 0),
        ["pgid"] = (TypeKind.Pid, 2, 0, 0), ["sid"] = (TypeKind.Pid, 3, 0, 0), ["pid_pgid"] = (TypeKind.Pid, 4, 0, 0),
        ["signal"] = (TypeKind.Signal, 0, 0, 0), ["addr"] = (TypeKind.Addr, 0, 0, 0), ["split64"] = (TypeKind.Split64, 0, 0, 0), ["split64be"] = (TypeKind.Split64Be, 0, 0, 0),
        ["pgoff"] = (TypeKind.PageOffset, 0, 0, 0), ["pad"] = (TypeKind.Pad, 0, 0, 0), ["clone_flags"] = (TypeKind.CloneFlags, 0, 0, 0), ["ioctl"] = (TypeKind.Ioctl, 0, 0, 0),
        ["handler"] = (TypeKind.Handler, 0, 0, 0), ["old_sigset"] = (TypeKind.OldSigSet, 0, 0, 0), ["wait_status"] = (TypeKind.WaitStatus, 0, 0, 0),
        ["variant"] = (TypeKind.Variant, 0, 0, 0), ["strv"] = (TypeKind.StrV, 0, 0, 0), ["envp"] = (TypeKind.EnvP, 0, 0, 0), ["poll"] = (TypeKind.Poll, 0, 0, 0), ["epoll"] = (TypeKind.Int, 4, 1, 10),
        ["select"] = (TypeKind.Select, 0, 0, 0), ["left"] = (TypeKind.Left, 0, 0, 0), ["noreturn"] = (TypeKind.NoReturn, 0, 0, 0), ["hidden"] = (TypeKind.Hidden, 0, 0, 0), ["inet6_addr"] = (TypeKind.Inet6, 0, 0, 0),
        ["inet_addr"] = (TypeKind.InetAddr, 0, 0, 0), ["port"] = (TypeKind.Port, 0, 0, 0), ["nsec_utime"] = (TypeKind.NsecUtime, 0, 0, 0), ["rlim"] = (TypeKind.Rlim, 0, 0, 0),
        ["ioprio"] = (TypeKind.IoPriority, 0, 0, 0), ["sigset"] = (TypeKind.SigSetWord, 0, 0, 0),
    };

    private int ParseType(Line line, string text, Dictionary<string, int> registers, bool isResult = false)
    {
        if (text.EndsWith('!'))
            throw line.Error($"'{text}' is no type");
        if (s_scalars.TryGetValue(text, out var scalar))
            return TypeId(scalar.Kind, scalar.A, scalar.B, scalar.C);
        if (text is "path" or "str")
            return TypeId(text == "path" ? TypeKind.Path : TypeKind.Str, 0, (int)Direction.In);
        int open = text.IndexOf('[');
        if (open < 0 || !text.EndsWith(']'))
        {
            int id = StructNames.IndexOf(text);
            return id >= 0 ? TypeId(TypeKind.Struct, id) : throw line.Error($"'{text}' is no type");
        }
        string head = text[..open], inside = text[(open + 1)..^1];
        switch (head)
        {
            case "enum" or "enum64" or "flags" or "flags64":
                return TypeId(head.StartsWith("enum") ? TypeKind.Enum : TypeKind.Flags, XlatId(line, inside), head.EndsWith("64") ? 8 : 4);
            case "bits":
                return TypeId(TypeKind.Bits, XlatId(line, inside), 8);
            case "path" or "str":
                return TypeId(head == "path" ? TypeKind.Path : TypeKind.Str, 0, (int)Way(line, inside));
            case "in" or "out" or "inout" or "out!" or "inout!":
                return ParsePointer(line, head switch { "out!" => Direction.OutRestart, "inout!" => Direction.InOutAlways, _ => Way(line, head) }, inside, registers);
            case "custom":
                string name = string.Concat(inside.Split('_').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
                return Enum.TryParse(name, ignoreCase: true, out CustomKind custom) ? TypeId(TypeKind.Custom, (int)custom) : throw line.Error($"no code decodes custom[{inside}]");
        }
        TypeKind kind = head switch
        {
            "buf" or "hexbuf" => TypeKind.Buf,
            "iovec" => TypeKind.Iovec,
            "msghdr" => TypeKind.Msghdr,
            "mmsghdr" => TypeKind.Mmsghdr,
            "sockaddr" => TypeKind.SockAddr,
            "sigset" => TypeKind.SigSet,
            "fdset" => TypeKind.FdSet,
            _ => throw line.Error($"'{head}' is no type"),
        };
        string[] parts = inside.Split(',');
        (CountKind count, int value) = parts.Length > 1 ? Count(line, parts[1][(parts[1].IndexOf('=') + 1)..], registers) : (CountKind.One, 1);
        return TypeId(kind, head == "hexbuf" ? 1 : 0, (int)Way(line, parts[0]), value, (int)count);
    }

    private int ParsePointer(Line line, Direction way, string inside, Dictionary<string, int> registers)
    {
        Match many = Regex.Match(inside, @"^(.*)\*([a-z_0-9]+)$");
        string element = many.Success ? many.Groups[1].Value : inside;
        (CountKind count, int value) = (CountKind.One, 1);
        if (many.Success)
            (count, value) = Count(line, many.Groups[2].Value, registers);
        return TypeId(TypeKind.Ptr, ParseType(line, element, registers), (int)way, value, (int)count);
    }

    private static Direction Way(Line line, string word) => word switch
    {
        "in" => Direction.In,
        "out" => Direction.Out,
        "inout" => Direction.InOut,
        _ => throw line.Error($"'{word}' is no direction"),
    };

    private static (CountKind, int) Count(Line line, string word, Dictionary<string, int> registers)
    {
        if (word == "ret")
            return (CountKind.Result, 0);
        if (char.IsDigit(word[0]))
            return (CountKind.Constant, (int)line.Number64(word));
        if (registers.TryGetValue(word.TrimStart('*'), out int register))
            return (word[0] == '*' ? CountKind.Pointer : CountKind.Register, register);
        throw line.Error($"'{word}' is no argument, number or ret");
    }
}
