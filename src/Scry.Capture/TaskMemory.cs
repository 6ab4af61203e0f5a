using Microsoft.Win32.SafeHandles;

namespace Scry.Capture;

/// <summary>
/// Memory of other processes, by /proc/PID/mem: nobody is stopped. A read can hang, as when the process waits with its address space
/// locked or its memory is a file of a dead server: it is made on a thread of its own, and a process whose memory does not answer
/// in time is asked no more.
/// </summary>
public sealed class TaskMemory : IDisposable
{
    private const int PatienceMs = 250;
    private const int MostHung = 8;

    private readonly HashSet<uint> _hung = [];
    private Worker? _worker;

    /// <summary>Reads memory of a process.</summary>
    /// <param name="tgid">The process.</param>
    /// <param name="address">Where.</param>
    /// <param name="to">Is filled as far as the memory can be read.</param>
    /// <returns>Bytes read, 0 when there are none.</returns>
    public int Read(uint tgid, ulong address, Span<byte> to)
    {
        if (address > long.MaxValue || to.IsEmpty || _hung.Count >= MostHung || _hung.Contains(tgid))
            return 0;
        _worker ??= new Worker();
        if (_worker.TryRead(tgid, (long)address, to, out int got))
            return got;
        // Its thread stays where it is until the process ends; the next read has another.
        _hung.Add(tgid);
        _worker = null;
        return 0;
    }

    /// <summary>Ends the thread, unless it hangs.</summary>
    public void Dispose() => _worker?.Dispose();

    private sealed class Worker : IDisposable
    {
        private readonly SemaphoreSlim _asked = new(0), _answered = new(0);
        private SafeFileHandle? _file;
        private uint _tgid;
        private long _address;
        private byte[] _bytes = [];
        private int _got;
        private bool _over;

        public Worker()
        {
            new Thread(Serve) { IsBackground = true, Name = "memory" }.Start();
        }

        public bool TryRead(uint tgid, long address, Span<byte> to, out int got)
        {
            if (_tgid != tgid)
                Close();
            (_tgid, _address) = (tgid, address);
            _bytes = new byte[to.Length];
            _asked.Release();
            bool answered = _answered.Wait(PatienceMs);
            got = answered ? _got : 0;
            if (got > 0)
                _bytes.AsSpan(0, got).CopyTo(to);
            return answered;
        }

        public void Dispose()
        {
            _over = true;
            _asked.Release();
        }

        private void Serve()
        {
            while (true)
            {
                _asked.Wait();
                if (_over)
                    break;
                try
                {
                    _file ??= File.OpenHandle($"/proc/{_tgid}/mem", share: FileShare.ReadWrite | FileShare.Delete);
                    _got = RandomAccess.Read(_file, _bytes, _address);
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
                {
                    _got = 0;
                }
                _answered.Release();
            }
            Close();
        }

        private void Close()
        {
            _file?.Dispose();
            _file = null;
        }
    }
}
