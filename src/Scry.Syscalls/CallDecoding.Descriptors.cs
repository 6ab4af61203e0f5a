using Scry.Wire;

namespace Scry.Syscalls;

internal readonly ref partial struct CallDecoding<TWriter>
{
    private const int AtFdCwd = DescriptorTable.WorkingDirectory;

    // A descriptor, and what it stands for where that is known: 3</etc/passwd>.
    private void Descriptor(int fd, bool made = false, int register = -1)
    {
        _w.Number((long)fd);
        // A negative number is none, the working directory's too where a directory is not asked for.
        if (fd >= 0 && !File(fd, made, register) && _decoder.Options.Descriptors is { } names)
            DescriptorName(names, fd, made);
    }

    // One that a message passes on, or has brought.
    private void PassedDescriptor(int fd)
    {
        _w.Number((long)fd);
        if (!File(fd, made: false, -1))
            File(fd, made: true, -1);
    }

    // What the kernel said of it at the call; false when it was not asked.
    private bool File(int fd, bool made, int register)
    {
        DescriptorParts parts = _decoder.Options.DecodeFds;
        if (parts == DescriptorParts.None)
            return false;
        if (!_call.TryFile(fd, made ? CapturePhase.Exit : CapturePhase.Entry, register, out FileFacts facts, out ReadOnlySpan<byte> text))
            return false;
        if (!TWriter.IsText)
        {
            if (!made)
                _decoder.KeepName(fd, FileName(in facts, text, parts));
            return true;
        }
        Utf8Buffer to = _w.To;
        int start = to.Length;
        to.Append((byte)'<');
        if (FileText.Special(to, _decoder.Recall(facts), text, parts))
        {
            to.Append((byte)'>');
            return true;
        }
        to.Length = start;
        if ((parts & DescriptorParts.Path) == 0)
            return true;
        DescriptorName name = FileName(in facts, text, DescriptorParts.Path);
        to.Append((byte)'<');
        Quote.Name(to, name.Path, path: true);
        // The working directory's mark is a part of its path.
        if (name.Deleted && fd == AtFdCwd)
            to.Append(" (deleted)"u8);
        to.Append((byte)'>');
        if (name.Deleted && fd != AtFdCwd)
            to.Append("(deleted)"u8);
        return true;
    }

    // In the decoder's scratch: borrowed until the next one.
    private DescriptorName FileName(in FileFacts facts, ReadOnlySpan<byte> text, DescriptorParts parts)
    {
        Utf8Buffer to = _decoder.Scratch;
        to.Clear();
        if (parts != DescriptorParts.Path && FileText.Special(to, _decoder.Recall(facts), text, parts))
            return new(to.Written);
        to.Clear();
        FileText.Link(to, in facts, text);
        return new(to.Written, FileText.IsDeleted(in facts));
    }

    private void DirectoryDescriptor(int fd, int register)
    {
        if (fd != AtFdCwd)
        {
            Descriptor(fd, register: register);
            return;
        }
        Constant("AT_FDCWD"u8, unchecked((ulong)AtFdCwd), NumberBase.Signed);
        if (_decoder.Options.DecodeFds is not DescriptorParts.None and var parts && (parts & DescriptorParts.Path) == 0)
            return;
        if (!File(fd, made: false, register) && _decoder.Options.Descriptors is { } names)
            DescriptorName(names, fd, made: false);
    }

    private void DescriptorName(IDescriptorNames names, int fd, bool made)
    {
        DescriptorName name = made ? names.Made(in _call, fd) : names.Before(in _call, fd);
        if (name.Path.IsEmpty)
            return;
        if (!TWriter.IsText)
        {
            // The number stays a number: names are a member of their own.
            if (!made)
                _decoder.KeepName(fd, name);
            return;
        }
        Utf8Buffer to = _w.To;
        to.Append((byte)'<');
        // The one arrow that is no part of a path: between the ends of a socket.
        int arrow = name.Path[0] == '/' ? -1 : name.Path.IndexOf("->"u8), quote = name.Path.IndexOf((byte)'"');
        if (arrow > 0 && (quote < 0 || arrow < quote))
        {
            Quote.Name(to, name.Path[..arrow]);
            to.Append("->"u8);
            Quote.Name(to, name.Path[(arrow + 2)..]);
        }
        else
        {
            Quote.Name(to, name.Path);
        }
        to.Append((byte)'>');
        if (name.Deleted)
            to.Append("(deleted)"u8);
    }

    // The JSON member of a result that is a descriptor.
    private void ResultPath()
    {
        var fd = (int)_call.Result;
        DescriptorParts parts = _decoder.Options.DecodeFds;
        DescriptorName name = parts != DescriptorParts.None && _call.TryFile(fd, CapturePhase.Exit, -1, out FileFacts facts, out ReadOnlySpan<byte> text) ? FileName(in facts, text, parts)
            : _decoder.Options.Descriptors is { } names ? names.Made(in _call, fd)
            : default;
        if (name.Path.IsEmpty)
            return;
        _w.To.Append(",\"result_path\":"u8);
        Quote.JsonPath(_w.To, name);
    }
}
