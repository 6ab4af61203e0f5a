using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>One call on its way to one writer.</summary>
internal readonly ref partial struct CallDecoding<TWriter>
    where TWriter : struct, IValueWriter
{
    private readonly Decoder _decoder;
    private readonly CallRecord _call;
    private readonly TWriter _w;
    private readonly int _row;
    private readonly int _table;
    private readonly bool _narrow;
    // As many structures in full, as few addresses, as was asked for of this call.
    private readonly bool _abbreviate, _addresses;

    public CallDecoding(Decoder decoder, CallRecord call, TWriter writer)
    {
        _decoder = decoder;
        _call = call;
        _w = writer;
        _table = SyscallRow.TableOf(call.Header.Abi);
        _narrow = AbiTable.Is32Bit(_table);
        _row = SyscallRow.Find(call.Header.Abi, call.Nr);
        DecoderOptions options = decoder.Options;
        _abbreviate = options.Abbreviate && options.Abbreviated?.Includes(call.Header.Abi, call.Nr) != false;
        _addresses = TWriter.IsText && options.Verbose?.Includes(call.Header.Abi, call.Nr) == false;
    }

    private bool Failed => _call.Result is < 0 and >= -4095 || (_call.Flags & CallFlags.Unfinished) != 0;

    private int WordSize => TypeSizes.Word(_table);

    private ulong Register(int register) => register < _call.Args.Length ? _call.Args[register] : 0;

    /// <summary>Whether it is a call that only an error brings back: exit, exit_group.</summary>
    public bool NeverReturns => _row >= 0 && new TypeNode(new SyscallRow(_row).Result).Kind == TypeKind.NoReturn;

    /// <summary>Whether it goes on with a call that a signal interrupted.</summary>
    public bool Restarts => _row >= 0 && new SyscallRow(_row).Is("restart_syscall"u8);

    /// <summary>The syscall's name.</summary>
    public void Name() => Name(_call.Header.Abi, _call.Nr, _row);

    private void Name(Abi abi, uint number, int row)
    {
        Utf8Buffer to = _w.To;
        if (row >= 0)
        {
            to.Append(new SyscallRow(row).Name);
        }
        else if (_decoder.Unknown(abi, number) is { } known)
        {
            to.Append(known.Name);
        }
        else
        {
            to.Append("syscall_"u8);
            const uint x32 = 0x40000000; // __X32_SYSCALL_BIT
            uint nr = abi == Abi.X32 ? number | x32 : number;
            to.AppendHex((int)nr < 0 ? (ulong)(int)nr : nr);
        }
    }

    /// <summary>The arguments, comma-separated.</summary>
    public void Arguments()
    {
        if (_row < 0)
        {
            UnknownArguments();
            return;
        }
        var row = new SyscallRow(_row);
        if (TWriter.IsText && _decoder.Options.Raw?.Includes(_call.Header.Abi, _call.Nr) == true)
        {
            RawArguments(row);
            return;
        }
        int shown = row.ArgumentCount;
        for (int v = 0; v < row.VariantCount; v++)
        {
            var variant = new VariantRow(row.FirstVariant + v);
            if (variant.Matches(_table, _call.Args))
            {
                shown = Math.Min(shown, variant.Shown);
                break;
            }
        }
        for (int i = 0; i < shown; i++)
        {
            ArgumentRow argument = row.Argument(i);
            int type = ArgumentType(row, i, argument);
            if (type < 0)
                continue;
            var node = new TypeNode(type);
            if (node.Kind == TypeKind.Pad)
                continue;
            if (!TWriter.IsText || argument.Named || _decoder.Options.ArgumentNames)
                _w.Field(argument.Name);
            else
                _w.Element();
            Value(node, type, Register(argument.Register), argument.Register);
        }
        if (TWriter.IsText && row.Is("clone3"u8))
            CloneParentTid();
        if (Restarts)
            Resumed();
        SignalFrame();
    }

    // As many registers as the call has arguments.
    private void RawArguments(SyscallRow row)
    {
        for (int i = 0; i < row.Registers; i++)
        {
            _w.Element();
            _w.Hex(_narrow ? (uint)Register(i) : Register(i));
        }
    }

    // strace's words for an argument that there is not: what the call goes on with.
    private void Resumed()
    {
        Utf8Buffer to = _w.To;
        bool seen = _decoder.TryInterrupted(_call.Header.Tid, out (Abi Abi, uint Nr) call);
        if (TWriter.IsText)
            to.Append("<... resuming interrupted "u8);
        else if (seen)
            _w.Field("resumes"u8);
        else
            return;
        if (!TWriter.IsText)
            to.Append((byte)'"');
        if (seen)
            Name(call.Abi, call.Nr, SyscallRow.Find(call.Abi, call.Nr));
        else
            to.Append("system call"u8);
        to.Append(TWriter.IsText ? " ...>"u8 : "\""u8);
    }

    private void UnknownArguments()
    {
        byte[][] names = _decoder.Unknown(_call.Header.Abi, _call.Nr)?.Parameters ?? [];
        int count = names.Length > 0 ? Math.Min(names.Length, _call.Args.Length) : _call.Args.Length;
        for (int i = 0; i < count; i++)
        {
            if (names.Length > 0)
                _w.Field(names[i]);
            else if (TWriter.IsText)
                _w.Element();
            else
                _w.Field(i switch { 0 => "arg1"u8, 1 => "arg2"u8, 2 => "arg3"u8, 3 => "arg4"u8, 4 => "arg5"u8, _ => "arg6"u8 });
            // Of what it is nothing is known: it may be an address.
            if (TWriter.IsText)
                _w.Hex(_call.Args[i]);
            else
                _w.Address(_call.Args[i]);
        }
    }

    // The argument's type after variants and conditions; -1: not shown.
    private int ArgumentType(SyscallRow row, int index, ArgumentRow argument)
    {
        int type = argument.Type, register = argument.ConditionRegister, op = argument.ConditionOp;
        uint mask = argument.ConditionMask;
        for (int v = 0; v < row.VariantCount; v++)
        {
            var variant = new VariantRow(row.FirstVariant + v);
            if (!variant.Matches(_table, _call.Args))
                continue;
            for (int o = 0; o < variant.OverrideCount; o++)
            {
                ReadOnlySpan<int> changed = variant.Override(o);
                if (changed[0] == index)
                    (type, register, mask, op) = (changed[1], changed[2], (uint)changed[3], changed[4]);
            }
        }
        if (register >= 0)
        {
            uint value = (uint)Register(register);
            if (op == 2 ? value != mask : (value & mask) == 0)
                return -1;
        }
        return type;
    }

    private int ResultType() => _row < 0 ? -1 : new SyscallRow(_row).ResultFor(_table, _call.Args);

    /// <summary>The result as strace shows it.</summary>
    public void Result()
    {
        long result = _call.Result;
        Utf8Buffer to = _w.To;
        if (result is < 0 and >= -4095)
        {
            var errnos = new XlatRow(XlatTable.Errno, _table);
            int at = errnos.Find((ulong)-result);
            bool restart = result is <= -512 and > -531;
            to.Append(restart ? "? "u8 : "-1 "u8);
            if (at >= 0)
            {
                to.Append(errnos.Name(at));
                to.Append(" ("u8);
                to.Append(errnos.Text(at));
                to.Append((byte)')');
            }
            else
            {
                to.Append("E"u8);
                to.AppendDecimal(-result);
            }
            return;
        }
        int type = ResultType();
        TypeNode node = type >= 0 ? new TypeNode(type) : default;
        switch (type < 0 ? TypeKind.None : node.Kind)
        {
            case TypeKind.Poll:
                to.AppendDecimal(result);
                PollResult(result);
                break;
            case TypeKind.Select:
                to.AppendDecimal(result);
                SelectResult(result);
                break;
            case TypeKind.Left:
                to.AppendDecimal(result);
                LeftResult(result);
                break;
            case TypeKind.Addr:
                if (result == 0)
                    to.Append("NULL"u8);
                else
                    to.AppendHex(_narrow ? (uint)result : (ulong)result);
                break;
            case TypeKind.Flags or TypeKind.Bits or TypeKind.Enum:
                // The number, then its meaning, as strace.
                if (node.Kind == TypeKind.Enum)
                    to.AppendDecimal(result);
                else
                    _w.Hex((ulong)result);
                if ((node.Kind == TypeKind.Enum || result != 0 || HasZero(node.A)) && _decoder.Style != ConstantStyle.Numbers)
                {
                    to.Append(node.Kind == TypeKind.Flags ? " (flags "u8 : " ("u8);
                    Value(node, type, (ulong)result, -1);
                    to.Append((byte)')');
                }
                break;
            case TypeKind.IoPriority:
                _w.Hex((ulong)result);
                to.Append(" ("u8);
                IoPriority((uint)result);
                to.Append((byte)')');
                break;
            case TypeKind.Mode:
                _w.Octal((ulong)result);
                break;
            case TypeKind.Pid:
                Pid((int)result, node.A);
                break;
            case TypeKind.Fd:
                Descriptor((int)result, made: true);
                break;
            case TypeKind.Int when node.C == 16:
                _w.Hex((ulong)result);
                break;
            default:
                to.AppendDecimal(result);
                break;
        }
    }

    // Whether 0 means something of itself, as O_RDONLY does.
    private bool HasZero(int xlat)
    {
        var names = new XlatRow(xlat, _table);
        return names.Count > 0 && names.Value(0) == 0 && names.Mask(0) != 0;
    }

    /// <summary>The result's JSON members.</summary>
    public void JsonResult()
    {
        Utf8Buffer to = _w.To;
        long result = _call.Result;
        to.Append(",\"result\":"u8);
        if (result is < 0 and >= -4095)
        {
            to.Append("-1,\"errno\":"u8);
            to.AppendDecimal(-result);
            if (Errno.Name((int)-result) is { IsEmpty: false } name)
            {
                to.Append(",\"error\":\""u8);
                to.Append(name);
                to.Append((byte)'"');
            }
        }
        else
        {
            int type = ResultType();
            TypeKind kind = type >= 0 ? new TypeNode(type).Kind : TypeKind.None;
            if (kind == TypeKind.Addr)
                _w.Address(_narrow ? (uint)result : (ulong)result);
            else
                Quote.JsonNumber(to, result);
            if (kind == TypeKind.Fd)
                ResultPath();
        }
    }

    /// <summary>The duration's JSON members; of an unfinished call, the time it was in until then.</summary>
    public void JsonDuration()
    {
        bool unfinished = (_call.Flags & CallFlags.Unfinished) != 0, coarse = _call.IsCoarse;
        if (coarse)
            _w.To.Append(",\"coarse\":true"u8);
        ulong duration = _call.Fixed.Duration;
        if ((_call.Flags & CallFlags.NoEntry) != 0 || (unfinished && duration == 0))
            return;
        _w.To.Append(unfinished ? ",\"elapsed"u8 : ",\"duration"u8);
        // Under another name, so that nobody sums up what is no duration.
        _w.To.Append(coarse ? "_about\":"u8 : "\":"u8);
        Quote.JsonNumber(_w.To, coarse ? duration - duration % CallRecord.LongestTick : duration);
    }
}
