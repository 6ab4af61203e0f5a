using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Scry.Targets;

/// <summary>
/// Memory of other processes, by process_vm_readv(2): nobody is stopped. A page that is not resident may have to come from a disk, or
/// from a server that is gone, and a process that waits with its address space locked makes a read wait too: each is made on a thread
/// of its own, and a thread whose memory does not answer in time is asked no more.
/// </summary>
/// <param name="residentOnly">Whether pages that are not resident are left where they are.</param>
/// <param name="patienceMs">How long an answer is waited for, in milliseconds.</param>
public sealed class TaskMemory(bool residentOnly = true, int patienceMs = 250) : IDisposable
{
    private const int MostHung = 8;
    private static readonly ulong PageSize = (ulong)Environment.SystemPageSize;

    private readonly HashSet<uint> _hung = [];
    private Worker? _worker;

    /// <summary>Reads memory of a process.</summary>
    /// <param name="tid">Any of its threads.</param>
    /// <param name="address">Where.</param>
    /// <param name="to">Is filled as far as the memory can be read.</param>
    /// <returns>Bytes read, 0 when there are none.</returns>
    public int Read(uint tid, ulong address, Span<byte> to)
    {
        if (to.IsEmpty || _hung.Count >= MostHung || _hung.Contains(tid))
            return 0;
        _worker ??= new Worker(residentOnly, patienceMs);
        if (_worker.TryRead(tid, address, to, out int got))
            return got;
        // Its thread stays where it is until the process ends; the next read has another.
        _hung.Add(tid);
        _worker = null;
        return 0;
    }

    /// <summary>Ends the thread, unless it hangs.</summary>
    public void Dispose() => _worker?.Dispose();

    private sealed class Worker : IDisposable
    {
        private readonly SemaphoreSlim _asked = new(0), _answered = new(0);
        private uint _tid;
        private ulong _address;
        private byte[] _bytes = [];
        private int _got;
        private SafeFileHandle? _pages;
        private uint _pagesOf;
        private readonly bool _residentOnly;
        private readonly int _patienceMs;
        private bool _over;

        public Worker(bool residentOnly, int patienceMs)
        {
            (_residentOnly, _patienceMs) = (residentOnly, patienceMs);
            new Thread(Serve) { IsBackground = true, Name = "memory" }.Start();
        }

        public bool TryRead(uint tid, ulong address, Span<byte> to, out int got)
        {
            (_tid, _address) = (tid, address);
            _bytes = new byte[to.Length];
            _asked.Release();
            bool answered = _answered.Wait(_patienceMs);
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
                int resident = _residentOnly ? Resident() : _bytes.Length;
                _got = resident == 0 ? 0 : Native.ReadProcess((int)_tid, _address, _bytes, resident);
                _answered.Release();
            }
            _pages?.Dispose();
        }

        // How many of the bytes lie in pages that are there, from the first one on; /proc/PID/pagemap, see proc_pid_pagemap(5).
        private int Resident()
        {
            const ulong present = 1UL << 63;
            ulong first = _address / PageSize, last = (_address + (ulong)_bytes.Length - 1) / PageSize;
            if (last < first || last > long.MaxValue / sizeof(ulong))
                return 0;
            ulong[] entries = new ulong[last - first + 1];
            int read;
            try
            {
                if (_pagesOf != _tid)
                {
                    _pages?.Dispose();
                    (_pages, _pagesOf) = (null, _tid);
                }
                _pages ??= File.OpenHandle($"/proc/{_tid}/pagemap", share: FileShare.ReadWrite | FileShare.Delete);
                read = RandomAccess.Read(_pages, MemoryMarshal.AsBytes(entries.AsSpan()), (long)first * sizeof(ulong)) / sizeof(ulong);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
            {
                return 0;
            }
            int there = 0;
            while (there < read && (entries[there] & present) != 0)
                there++;
            ulong end = (first + (ulong)there) * PageSize;
            return end <= _address ? 0 : (int)Math.Min((ulong)_bytes.Length, end - _address);
        }
    }
}
