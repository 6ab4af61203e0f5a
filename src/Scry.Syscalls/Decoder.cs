using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>How constants are shown (strace -X).</summary>
public enum ConstantStyle
{
    /// <summary>By name: <c>O_RDONLY</c>.</summary>
    Names,
    /// <summary>By number.</summary>
    Numbers,
    /// <summary>Both: <c>0 /* O_RDONLY */</c>.</summary>
    Both,
}

/// <summary>Which strings are shown in hexadecimal (strace -x).</summary>
public enum HexStrings
{
    /// <summary>None.</summary>
    None,
    /// <summary>Of those, the characters that are not printable ASCII, not in octal.</summary>
    NotAsciiCharacters,
    /// <summary>Those with a byte that is not printable ASCII, whole.</summary>
    NotAscii,
    /// <summary>All.</summary>
    All,
}

/// <summary>How calls are shown.</summary>
public sealed record DecoderOptions
{
    /// <summary>Bytes of a string that are shown (strace -s).</summary>
    public int StringLimit { get; init; } = 32;

    /// <summary>Whether structures are cut to what matters most (strace without -v).</summary>
    public bool Abbreviate { get; init; } = true;

    /// <summary>How constants are shown (strace -X); of text alone.</summary>
    public ConstantStyle Style { get; init; }

    /// <summary>Which strings are shown in hexadecimal (strace -x); of text alone.</summary>
    public HexStrings Hex { get; init; }

    /// <summary>Whether arguments stand behind their names (strace -N); of text alone.</summary>
    public bool ArgumentNames { get; init; }

    /// <summary>Calls whose arguments are numbers (strace -e raw); null: none.</summary>
    public SyscallSelector? Raw { get; init; }

    /// <summary>Calls whose structures are cut, where <see cref="Abbreviate"/> cuts (strace -e abbrev); null: all.</summary>
    public SyscallSelector? Abbreviated { get; init; }

    /// <summary>Calls whose structures are shown, not their addresses (strace -e verbose); null: all.</summary>
    public SyscallSelector? Verbose { get; init; }

    /// <summary>Column of the <c>=</c> (strace -a).</summary>
    public int ResultColumn { get; init; } = 40;

    /// <summary>What the running kernel knows of a syscall that the facts do not: its name and its parameters' names.</summary>
    public Func<Abi, uint, (string Name, string[] Parameters)?>? Unknown { get; init; }

    /// <summary>What is said of ids of threads and processes: of records of a session that was asked for their namespaces.</summary>
    public PidParts DecodePids { get; init; }

    /// <summary>Finds ids that no record tells; null: they are not told.</summary>
    public IPidFinder? PidFinder { get; init; }

    /// <summary>
    /// Which descriptors are shown with what they stand for, as records tell it (strace -y: <see cref="DescriptorParts.Path"/>,
    /// -yy: <see cref="DescriptorParts.All"/>): of records of a session that was asked for it.
    /// </summary>
    public DescriptorParts DecodeFds { get; init; }

    /// <summary>What descriptors stand for by what was learnt from records before; numbers alone when missing. Not with <see cref="DecodeFds"/>.</summary>
    public IDescriptorNames? Descriptors { get; init; }
}

/// <summary>Turns CALL records into strace's text or JSON. Not thread-safe; allocates nothing once warm.</summary>
/// <param name="chosen">How calls are shown; strace's defaults when missing.</param>
public sealed class Decoder(DecoderOptions? chosen = null)
{
    private readonly DecoderOptions _options = chosen ?? new();
    private readonly Dictionary<(Abi, uint), (byte[] Name, byte[][] Parameters)?> _unknown = [];
    // Of the call that is being written as JSON: descriptors whose names are known, and the members that tell them.
    private readonly HashSet<int> _named = [];
    private readonly Utf8Buffer _names = new(0);

    // Calls by thread that a signal interrupted and that restart_syscall goes on with: until the thread's next call.
    private readonly Dictionary<uint, (Abi Abi, uint Nr)> _interrupted = [];
    private const int MaxInterrupted = 4096, RestartBlock = -516; // ERESTART_RESTARTBLOCK

    internal DecoderOptions Options => _options;

    // Sockets by inode whose ends were known once.
    private readonly Dictionary<ulong, FileFacts> _sockets = [];
    private const int MaxSockets = 4096;

    /// <summary>What is known of a socket: where it has lost its other end or its address, as at its end, those that it had.</summary>
    internal FileFacts Recall(FileFacts facts)
    {
        if (facts.Family == 0)
            return facts;
        bool known = facts.Peer != 0 || facts.Port != 0;
        if (known)
        {
            if (_sockets.Count >= MaxSockets)
                _sockets.Clear();
            _sockets[facts.Inode] = facts;
        }
        else if (_sockets.TryGetValue(facts.Inode, out FileFacts before) && before.Family == facts.Family)
        {
            facts.Peer = before.Peer;
            (facts.Port, facts.RemotePort, facts.Address, facts.Remote) = (before.Port, before.RemotePort, before.Address, before.Remote);
        }
        return facts;
    }

    private readonly PidTable? _pids = chosen is { DecodePids: not PidParts.None } ? new(chosen.PidFinder) : null;

    /// <summary>Takes a record in that is about to be written, for what it tells of ids of threads.</summary>
    public void Learn(ReadOnlySpan<byte> record) => _pids?.Learn(record);

    /// <summary>Appends what is asked for of an id that a thread knows: a name, a number where Scry runs.</summary>
    /// <param name="to">It is appended here.</param>
    /// <param name="tid">The thread.</param>
    /// <param name="id">The id in its pid namespace.</param>
    /// <param name="kind">What it is an id of.</param>
    public void DescribePid(Utf8Buffer to, uint tid, int id, PidKind kind)
    {
        if (_pids is null || id <= 0)
            return;
        uint here = _pids.Translate(tid, (uint)id, kind);
        if (here == 0)
            return;
        if ((_options.DecodePids & PidParts.Comm) != 0 && kind is PidKind.Thread or PidKind.Process)
            _pids.Name(to, here);
        if ((_options.DecodePids & PidParts.Namespace) == 0 || here == (uint)id)
            return;
        to.Append(" /* "u8);
        to.AppendDecimal((ulong)here);
        to.Append(" in strace's PID NS */"u8);
    }

    /// <summary>For what is put together before it is written.</summary>
    internal Utf8Buffer Scratch { get; } = new(0);

    /// <summary>How the constant at hand is shown: what a constant is made of is named, whatever is asked for.</summary>
    internal ConstantStyle Style { get; set; } = chosen?.Style ?? ConstantStyle.Names;

    /// <summary>The call that a thread's restart_syscall goes on with, when it was seen.</summary>
    internal bool TryInterrupted(uint tid, out (Abi Abi, uint Nr) call) => _interrupted.TryGetValue(tid, out call);

    // Remembers an interrupted call, and forgets it when its thread goes on.
    private void Follow(in CallRecord call, bool restarts)
    {
        if (call.Result == RestartBlock && (call.Flags & CallFlags.Unfinished) == 0)
        {
            // Interrupted again, it is still the same call.
            if (restarts)
                return;
            if (_interrupted.Count >= MaxInterrupted)
                _interrupted.Clear();
            _interrupted[call.Header.Tid] = (call.Header.Abi, call.Nr);
        }
        else if (_interrupted.Count > 0)
        {
            _interrupted.Remove(call.Header.Tid);
        }
    }

    /// <summary>Writes <c>name(arguments) = result</c> as strace does.</summary>
    /// <param name="call">The call.</param>
    /// <param name="to">The text is appended here.</param>
    /// <param name="lineStart">Where the line began in <paramref name="to"/>: the result's column counts from there.</param>
    public void WriteCall(in CallRecord call, Utf8Buffer to, int lineStart)
    {
        var decoding = new CallDecoding<TextWriter>(this, call, new TextWriter(to, _options.Hex));
        decoding.Name();
        to.Append((byte)'(');
        decoding.Arguments();
        bool unfinished = (call.Flags & CallFlags.Unfinished) != 0;
        if (unfinished && !decoding.NeverReturns)
            to.Append(" <unfinished ...>"u8);
        to.Append((byte)')');
        int pad = _options.ResultColumn - 1 - (to.Length - lineStart);
        if (pad > 0)
        {
            to.Room(pad)[..pad].Fill((byte)' ');
            to.Length += pad;
        }
        to.Append(" = "u8);
        if (unfinished)
            to.Append((byte)'?');
        else
            decoding.Result();
        Follow(in call, decoding.Restarts);
    }

    /// <summary>Writes <c>name(arguments)</c>: a call that has no result yet.</summary>
    public void WriteInvocation(in CallRecord call, Utf8Buffer to)
    {
        var decoding = new CallDecoding<TextWriter>(this, call, new TextWriter(to, _options.Hex));
        decoding.Name();
        to.Append((byte)'(');
        decoding.Arguments();
        to.Append((byte)')');
    }

    /// <summary>The number by which the call was entered.</summary>
    public static ulong EnteredBy(in CallRecord call) => (ulong)AbiTable.Entered(call.Header.Abi, call.Nr, (call.Flags & CallFlags.Behind) != 0);

    /// <summary>Writes a call's name alone.</summary>
    public void WriteName(in CallRecord call, Utf8Buffer to) =>
        new CallDecoding<TextWriter>(this, call, new TextWriter(to, _options.Hex)).Name();

    /// <summary>Writes the members of a call's JSON object, from <c>"name"</c> to its result; no braces.</summary>
    public void WriteCallJson(in CallRecord call, Utf8Buffer to)
    {
        var decoding = new CallDecoding<JsonWriter>(this, call, new JsonWriter(to));
        to.Append("\"name\":\""u8);
        decoding.Name();
        to.Append("\",\"nr\":"u8);
        to.AppendDecimal(EnteredBy(in call));
        to.Append(",\"abi\":\""u8);
        to.Append(AbiNames.Utf8(call.Header.Abi));
        to.Append("\",\"args\":{"u8);
        decoding.Arguments();
        to.Append((byte)'}');
        WriteNames(to);
        if ((call.Flags & CallFlags.Unfinished) != 0)
            to.Append((call.Flags & CallFlags.InFlight) != 0 ? ",\"unfinished\":true,\"in_flight\":true"u8 : ",\"unfinished\":true"u8);
        else
            decoding.JsonResult();
        decoding.JsonDuration();
        if ((call.Flags & CallFlags.Unread) != 0 && call.HasLate)
            to.Append(",\"late\":true"u8);
        if ((call.Flags & CallFlags.Truncated) != 0)
            to.Append(",\"truncated\":true"u8);
        Follow(in call, decoding.Restarts);
    }

    /// <summary>Keeps a descriptor's name for the member that follows a JSON call's arguments.</summary>
    internal void KeepName(int fd, DescriptorName name)
    {
        if (!_named.Add(fd))
            return;
        _names.Append(_names.Length == 0 ? "\""u8 : ",\""u8);
        if (fd == DescriptorTable.WorkingDirectory)
            _names.Append("AT_FDCWD"u8);
        else
            _names.AppendDecimal((long)fd);
        _names.Append("\":"u8);
        Quote.JsonPath(_names, name);
    }

    private void WriteNames(Utf8Buffer to)
    {
        if (_names.Length == 0)
            return;
        to.Append(",\"fds\":{"u8);
        to.Append(_names.Written);
        to.Append((byte)'}');
        _names.Clear();
        _named.Clear();
    }

    /// <summary>The kernel's own words for a number that the facts lack; asked once.</summary>
    internal (byte[] Name, byte[][] Parameters)? Unknown(Abi abi, uint nr)
    {
        if (_options.Unknown is null)
            return null;
        if (!_unknown.TryGetValue((abi, nr), out var known))
        {
            // Bounded: a process can make up numbers without end.
            if (_unknown.Count >= 4096)
                return null;
            if (_options.Unknown(abi, nr) is var (name, parameters))
                known = (System.Text.Encoding.UTF8.GetBytes(name), [.. parameters.Select(System.Text.Encoding.UTF8.GetBytes)]);
            _unknown[(abi, nr)] = known;
        }
        return known;
    }
}
