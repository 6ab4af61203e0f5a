using Scry.Bpf;

namespace Scry.Capture;

/// <summary>Two empty programs on the tracepoints of system calls: what any tracer there costs at least. Disposing detaches them.</summary>
public sealed class TracepointFloor : IDisposable
{
    private readonly BpfObject _object;
    private readonly List<BpfLink> _links = [];

    private TracepointFloor(BpfObject programs) => _object = programs;

    /// <summary>Loads and attaches them.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static TracepointFloor Attach()
    {
        var result = new TracepointFloor(BpfObject.Open(Programs.Read("floor.bpf.o"), "floor"));
        try
        {
            result._object.Load();
            foreach (BpfProgram program in result._object.Programs)
                result._links.Add(program.Attach());
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (BpfLink link in _links)
            link.Dispose();
        _object.Dispose();
    }
}
