namespace Scry.Syscalls;

internal readonly ref partial struct CallDecoding<TWriter>
{
    private const int AtFdCwd = DescriptorTable.WorkingDirectory;

    // A descriptor, and what it stands for where that is known: 3</etc/passwd>.
    private void Descriptor(int fd, bool made = false)
    {
        _w.Number((long)fd);
        if (_decoder.Options.Descriptors is { } names)
            DescriptorName(names, fd, made);
    }

    private void DirectoryDescriptor(int fd)
    {
        if (fd != AtFdCwd)
        {
            Descriptor(fd);
            return;
        }
        Constant("AT_FDCWD"u8, unchecked((ulong)AtFdCwd), signed: true);
        if (_decoder.Options.Descriptors is { } names)
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
    private void ResultPath(IDescriptorNames names)
    {
        DescriptorName name = names.Made(in _call, (int)_call.Result);
        if (name.Path.IsEmpty)
            return;
        _w.To.Append(",\"result_path\":"u8);
        Quote.JsonPath(_w.To, name);
    }
}
