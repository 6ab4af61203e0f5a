using System.Diagnostics;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>
/// The programs of a run at the kernel's functions of the chosen calls (function.bpf.h), in place of those at the tracepoints.
/// They are attached before the run's programs are loaded, and lead nowhere before <see cref="Begin"/>.
/// </summary>
internal sealed class FunctionAttach : IDisposable
{
    /// <summary>How the names of its programs begin.</summary>
    public const string Prefix = "function_";

    private const string Late = Prefix + "late", Before = Prefix + "before", Refused = Prefix + "refused";
    private const int Prototypes = 2; // function_enter_0, function_enter_1
    private const int FirstLookMs = 20, LastLookMs = 1000;

    private readonly List<Group> _groups = [];
    private readonly List<(BpfHandle Program, BpfHandle Link)> _attached = [];
    private readonly BpfFileSystem? _pins;
    private readonly string? _directory;
    private string _gate = "";
    private MappedMap? _over;
    private BpfProgram _before;
    private BpfLink? _late;
    private long _looked;
    private int _lookMs = FirstLookMs;

    private sealed record Group(string Function, FunctionJump Enter, FunctionJump Exit);

    private FunctionAttach(string? directory)
    {
        _directory = directory;
        _pins = directory is null ? BpfFileSystem.TryMake() : null;
    }

    /// <summary>Runs that the kernel left out, since a program came upon itself.</summary>
    public ulong Missed { get; private set; }

    /// <summary>Attaches to the functions of the chosen calls, where that is asked for or may be chosen, and can be.</summary>
    /// <param name="options">Which calls, and whether it is asked for.</param>
    /// <param name="directory">Where in a bpf filesystem all is pinned, and lasts; null: it lasts as long as the result.</param>
    /// <param name="whyNot">What else is against it.</param>
    /// <returns>Null: the tracepoints are it.</returns>
    /// <exception cref="TargetException">It was asked for, and cannot be.</exception>
    public static FunctionAttach? Of(SessionOptions options, string? directory = null, string? whyNot = null)
    {
        if (options.Attach == AttachMode.Tracepoint)
            return null;
        var result = new FunctionAttach(directory);
        whyNot ??= options.Capture == CaptureTime.Exit ? "calls are to be seen at their exit alone" : null;
        if ((whyNot ?? result.Try(options)) is not { } why)
            return result;
        result.Dispose();
        return options.Attach == AttachMode.Auto ? null
            : throw new TargetException($"calls cannot be seen at the kernel's functions: {why}", "leave out --attach, or give --attach tracepoint");
    }

    /// <summary>Why this kernel cannot, or null: tried with one call.</summary>
    public static string? WhyNot()
    {
        var plans = new CapturePlan[Layout.AbiCount * Layout.MaxNr];
        (Abi abi, uint getppid) = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? (Abi.Arm64, 173u) : (Abi.X86_64, 110u);
        plans[CapturePlan.IndexOf(abi, getppid)].Flags |= PlanFlags.Selected;
        using var attempt = new FunctionAttach(null);
        return attempt.Try(new SessionOptions { Target = TargetKind.All, Plans = plans, Attach = AttachMode.Function });
    }

    /// <summary>Says which programs the object is to load. Before load.</summary>
    public void Prepare(BpfObject programs, string tracepoint)
    {
        programs.FindProgram(tracepoint + "_enter").AutoLoad = false;
        programs.FindProgram(tracepoint + "_exit").AutoLoad = false;
        foreach (string name in (ReadOnlySpan<string>)[Late, Before, Refused])
            programs.FindProgram(name).AutoLoad = true;
        programs.FindProgram(Refused).SetFunction(_gate);
        for (int i = 0; i < _groups.Count; i++)
        {
            foreach (string name in (ReadOnlySpan<string>)[$"{Prefix}enter_{i}", $"{Prefix}exit_{i}"])
            {
                BpfProgram program = programs.FindProgram(name);
                program.SetFunction(_groups[i].Function);
                program.AutoLoad = true;
            }
        }
    }

    /// <summary>From here on calls are seen.</summary>
    /// <param name="programs">Loaded.</param>
    /// <param name="attach">Attaches one and keeps its link.</param>
    public void Begin(BpfObject programs, Action<BpfProgram> attach)
    {
        _over = programs.FindMap(".bss.function").Mmap(0, Environment.SystemPageSize);
        _before = programs.FindProgram(Before);
        // A call that is in its function already is told of at the tracepoint alone.
        _late = programs.FindProgram(Late).Attach();
        attach(programs.FindProgram(Refused));
        for (int i = 0; i < _groups.Count; i++)
            _groups[i].Exit.To(programs.FindProgram($"{Prefix}exit_{i}"));
        for (int i = 0; i < _groups.Count; i++)
            _groups[i].Enter.To(programs.FindProgram($"{Prefix}enter_{i}"));
        _looked = Stopwatch.GetTimestamp();
        if (_directory is null)
            return;
        // A table that nobody has any more is emptied.
        for (int i = 0; i < _groups.Count; i++)
        {
            _groups[i].Enter.Table.Pin(Path.Combine(_directory, $"jump_enter_{i}"));
            _groups[i].Exit.Table.Pin(Path.Combine(_directory, $"jump_exit_{i}"));
        }
    }

    /// <summary>For who does not stay: as <see cref="Settle"/>, for a while; then what sees the calls that began before stays too.</summary>
    public void SettleNow()
    {
        long began = Stopwatch.GetTimestamp();
        while (_late is not null && Stopwatch.GetElapsedTime(began).TotalMilliseconds < LastLookMs)
        {
            Thread.Sleep(FirstLookMs);
            Settle();
        }
        if (_directory is not null)
            _late?.Pin(Path.Combine(_directory, FlightRecorder.LinkPrefix + Late));
    }

    /// <summary>Now and then: frees all other calls of the tracepoint, when no call that began before is left.</summary>
    public void Settle()
    {
        if (_late is null || Stopwatch.GetElapsedTime(_looked).TotalMilliseconds < _lookMs)
            return;
        if (IsAnyBefore())
        {
            _lookMs = Math.Min(2 * _lookMs, LastLookMs);
            _looked = Stopwatch.GetTimestamp();
            return;
        }
        _late.Dispose();
        _late = null;
    }

    /// <summary>Ends the run at once, though the kernel takes its time to detach.</summary>
    public void End()
    {
        if (_over is null)
            return;
        _over.Span[0] = 1;
        _late?.Dispose();
        _late = null;
        _over.Dispose();
        _over = null;
        foreach ((BpfHandle program, _) in _attached)
            Missed += program.Program.Info.Missed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_directory is null)
            End();
        _over?.Dispose();
        _late?.Dispose();
        foreach ((BpfHandle program, BpfHandle link) in _attached)
        {
            link.Dispose();
            program.Dispose();
        }
        _attached.Clear();
        foreach (Group group in _groups)
        {
            group.Enter.Dispose();
            group.Exit.Dispose();
        }
        _groups.Clear();
        _pins?.Dispose();
    }

    private bool IsAnyBefore()
    {
        using BpfLink link = _before.AttachIterator();
        using BpfIterator iterator = link.OpenIterator();
        Span<byte> some = stackalloc byte[64];
        return iterator.Read(some) > 0;
    }

    private string? Try(SessionOptions options)
    {
        // Some of its kernels take such programs; that nothing is missed there has not been shown.
        if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
            return "it is not known on arm64 that no call is missed there";
        try
        {
            if (CallFunctions.Of(options, out string? why) is not { } functions)
                return why;
            _gate = functions.Gate;
            IGrouping<uint, CallFunction>[] prototypes = [.. functions.All.GroupBy(function => function.Prototype)];
            if (prototypes.Length > Prototypes)
                return "its functions have prototypes that are not known";
            foreach (IGrouping<uint, CallFunction> prototype in prototypes)
                Attach(prototype);
            return null;
        }
        catch (NativeException error)
        {
            return $"this kernel refuses ({error.Message})";
        }
    }

    private void Attach(IEnumerable<CallFunction> functions)
    {
        var group = new Group(functions.First().Name, new FunctionJump(atExit: false), new FunctionJump(atExit: true));
        _groups.Add(group);
        foreach (CallFunction function in functions)
        {
            if (function.Returns)
                Keep(group.Exit.Attach(function.Id));
            Keep(group.Enter.Attach(function.Id));
        }
    }

    private void Keep((BpfHandle Program, BpfHandle Link) attached)
    {
        _attached.Add(attached);
        string name = $"{FlightRecorder.LinkPrefix}{Prefix}{_attached.Count}";
        if ((_directory is not null ? Path.Combine(_directory, name) : _pins?.PathOf(name)) is not { } path)
            return;
        // The pin alone holds it from here on: whoever closes a link waits for the kernel to detach.
        attached.Link.Pin(path);
        attached.Link.Dispose();
    }
}
