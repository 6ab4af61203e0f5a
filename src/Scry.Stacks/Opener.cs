using Microsoft.Win32.SafeHandles;

namespace Scry.Stacks;

/// <summary>
/// Opens files that others chose, on a thread of its own: a filesystem of theirs (FUSE) may never answer. A thread that hangs is left
/// behind, and when there are too many nothing more is opened.
/// </summary>
internal sealed class Opener(int patienceMs = 500) : IDisposable
{
    private const int MostHung = 8;

    private readonly Lock _lock = new();
    private Turn? _turn;
    private int _hung;

    /// <summary>Opens a path when a regular file is there.</summary>
    public SafeFileHandle? Open(string path, bool follow, out Native.Status status)
    {
        Native.Status found = default;
        SafeFileHandle? file = Run(() => Native.OpenRegular(path, follow, out found));
        status = found;
        return file;
    }

    private SafeFileHandle? Run(Func<SafeFileHandle?> open)
    {
        lock (_lock)
        {
            if (_hung >= MostHung)
                return null;
            _turn ??= new Turn();
            if (_turn.TryRun(open, patienceMs, out SafeFileHandle? file))
                return file;
            _hung++;
            _turn = null;
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn?.Dispose();

    private sealed class Turn : IDisposable
    {
        private readonly SemaphoreSlim _asked = new(0), _answered = new(0);
        private Func<SafeFileHandle?>? _open;
        private SafeFileHandle? _file;

        public Turn() => new Thread(Serve) { IsBackground = true, Name = "open" }.Start();

        public bool TryRun(Func<SafeFileHandle?> open, int patienceMs, out SafeFileHandle? file)
        {
            _open = open;
            _asked.Release();
            bool answered = _answered.Wait(patienceMs);
            file = answered ? _file : null;
            return answered;
        }

        public void Dispose()
        {
            _open = null;
            _asked.Release();
        }

        private void Serve()
        {
            for (_asked.Wait(); _open is { } open; _asked.Wait())
            {
                _file = open();
                _answered.Release();
            }
        }
    }
}
