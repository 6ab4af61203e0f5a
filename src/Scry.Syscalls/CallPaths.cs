using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>The paths that a call was given.</summary>
public static class CallPaths
{
    /// <summary>
    /// Whether one of the call's captured path arguments begins with <paramref name="prefix"/>, as the caller wrote it: a
    /// relative path is compared as such.
    /// </summary>
    public static bool AnyBegins(in CallRecord call, ReadOnlySpan<byte> prefix)
    {
        int id = SyscallRow.Find(call.Header.Abi, call.Nr);
        if (id < 0)
            return false;
        var row = new SyscallRow(id);
        for (int i = 0; i < row.ArgumentCount; i++)
        {
            ArgumentRow argument = row.Argument(i);
            var node = new TypeNode(argument.Type);
            if (node.Kind != TypeKind.Path || argument.Register >= call.Args.Length)
                continue;
            CapturePhase phase = node.Way is Direction.Out or Direction.OutRestart ? CapturePhase.Exit : CapturePhase.Entry;
            if (call.TryRead(call.Args[argument.Register], phase, out ReadOnlySpan<byte> path) && path.StartsWith(prefix))
                return true;
        }
        return false;
    }
}
