using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Scry.Stacks;

/// <summary>
/// The process that reads what is hostile (native/stacks-worker.c). Whatever it is asked, it may crash, hang or lie: then it is ended, and
/// the next request has a new one, which knows nothing of what the one before was told.
/// </summary>
internal sealed class Worker(string program, int patienceMs) : IDisposable
{
    private const string Name = "scry-stacks";
    private const int Most = 1 << 20;
    private const uint Full = 1;
    /// <summary>So often it may fail before no new one is started: what makes it fail may do so each time.</summary>
    private const int MostFailures = 64;

    private readonly byte[] _request = GC.AllocateUninitializedArray<byte>(Most + Unsafe.SizeOf<MessageHead>(), pinned: true);
    private readonly byte[] _answer = new byte[Most];
    private int _length;
    private SafeFileHandle? _socket;
    private SafeFileHandle? _process;
    private int _pid;
    private bool _full;

    /// <summary>Counts the workers: whoever told something to one of another number tells it again.</summary>
    public int Number { get; private set; }

    /// <summary>How often one failed.</summary>
    public int Failures { get; private set; }

    /// <summary>Whether there is none any more, and why.</summary>
    public string? Gone { get; private set; }

    /// <summary>Its pid, for tests; 0 when there is none.</summary>
    internal int Pid => _pid;

    /// <summary>Makes sure that there is one, before what it must be told is told.</summary>
    public bool Ready()
    {
        if (_full)
            End();
        if (_socket is not null || Gone is not null)
            return Gone is null;
        int error = Native.Start(program, Name, patienceMs, out _pid, out _process, out _socket);
        if (error != 0 && program != Environment.ProcessPath && Environment.ProcessPath is { } path && program == CallStacksOptions.Self)
            error = Native.Start(path, Name, patienceMs, out _pid, out _process, out _socket);
        if (error != 0)
        {
            Gone = $"its worker could not be started: {Marshal.GetPInvokeErrorMessage(error)}";
            _socket?.Dispose();
            _socket = null;
            _pid = 0;
            return false;
        }
        Number++;
        return true;
    }

    /// <summary>Begins a request; its parts are added by <see cref="Add{T}(in T)"/>.</summary>
    public Worker Begin()
    {
        _length = Unsafe.SizeOf<MessageHead>();
        return this;
    }

    /// <summary>Adds a part.</summary>
    public Worker Add<T>(in T part) where T : unmanaged => Add(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in part)));

    /// <summary>Adds bytes.</summary>
    public Worker Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_request.AsSpan(_length));
        _length += bytes.Length;
        return this;
    }

    /// <summary>Sends the request and waits for the answer.</summary>
    /// <param name="kind">What is asked for.</param>
    /// <param name="file">A file that goes with it.</param>
    /// <param name="answer">The answer: any bytes; borrowed until the next request.</param>
    /// <returns>False when there was none: the worker is gone.</returns>
    public bool Ask(Request kind, SafeFileHandle? file, out ReadOnlySpan<byte> answer)
    {
        answer = default;
        if (_socket is null)
            return false;
        var head = new MessageHead { Length = (uint)(_length - Unsafe.SizeOf<MessageHead>()), Kind = (uint)kind };
        MemoryMarshal.Write(_request, in head);
        long until = Environment.TickCount64 + patienceMs;
        if (!Native.Send(_socket, _request, _length, file)
            || !Native.Receive(_socket, MemoryMarshal.AsBytes(new Span<MessageHead>(ref head)), until) || head.Length > Most
            || !Native.Receive(_socket, _answer.AsSpan(0, (int)head.Length), until))
        {
            Failed();
            return false;
        }
        _full |= head.Kind == Full;
        answer = _answer.AsSpan(0, (int)head.Length);
        return true;
    }

    /// <summary>Ends it because of what it did.</summary>
    public void Failed()
    {
        End();
        if (++Failures >= MostFailures)
            Gone = $"reading what programs consist of failed {Failures} times";
    }

    /// <inheritdoc/>
    public void Dispose() => End();

    private void End()
    {
        _full = false;
        if (_socket is null)
            return;
        Native.End(_process!);
        _process!.Dispose();
        _socket.Dispose();
        _socket = null;
        _pid = 0;
    }
}
