using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>A function of the kernel that makes calls.</summary>
/// <param name="Name">By which its types know it.</param>
/// <param name="Id">Its id among them.</param>
/// <param name="Prototype">That of its prototype.</param>
/// <param name="Returns">Whether its return is seen too: that of an exit does not come, and what is looked at for its entry alone is not shown.</param>
internal readonly record struct CallFunction(string Name, uint Id, uint Prototype, bool Returns);

/// <summary>The functions of the kernel that a selection of calls comes to.</summary>
internal sealed class CallFunctions
{
    /// <summary>
    /// Calls of a selection that are seen there without being asked. A call has two functions or three, and each takes the kernel
    /// some milliseconds to attach to and a tenth of a second to detach from, which up to 6.6 or so the run's end waits for.
    /// </summary>
    public const int Most = 4;

    // What refuses calls before they come to their functions: filters and tracers, or, where the compiler made another function of
    // the former, filters alone.
    private static readonly string[] s_gates = ["syscall_trace_enter", "__secure_computing"];

    private static readonly (Abi Own, Abi Narrow) s_abis =
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? (Abi.Arm64, Abi.Arm) : (Abi.X86_64, Abi.Ia32);

    private readonly Dictionary<ulong, bool> _places = [];

    private CallFunctions(IReadOnlyList<CallFunction> all) => All = all;

    /// <summary>All of them.</summary>
    public IReadOnlyList<CallFunction> All { get; private set; }

    /// <summary>The function that refuses calls before they come to theirs.</summary>
    public string Gate { get; private set; } = "";

    /// <summary>Those of a selection, where all its calls come to functions that programs can be attached to and nothing is missed there.</summary>
    /// <param name="options">The selection.</param>
    /// <param name="why">Else what is against it.</param>
    public static CallFunctions? Of(SessionOptions options, out string? why)
    {
        why = Unfit(options);
        if (why is not null)
            return null;
        using var kernel = new KernelDispatch();
        var found = new CallFunctions([]);
        why = kernel.Preempts() ? "this kernel preempts its own calls, and leaves a program out that it has preempted"
            : found.Place(options, kernel) ?? found.Resolve(kernel);
        return why is null ? found : null;
    }

    // What is known without looking at the kernel's symbols, which takes a while.
    private static string? Unfit(SessionOptions options)
    {
        if (IsSelected(options.Plans[Layout.MaxNr - 1]) || IsSelected(options.Plans[^1]))
            return "all calls but some are selected, also those that have no function: name some with -e";
        int calls = options.Plans.Take(Layout.MaxNr).Count(IsSelected);
        if (calls == 0)
            return "no call is selected";
        if (options.Attach == AttachMode.Auto && calls > Most)
            return $"{calls} calls are selected";
        return FunctionJump.Refusal() is { } errno ? $"this kernel refuses programs on its functions ({Marshal.GetPInvokeErrorMessage(errno)})" : null;
    }

    // By address: one function can be that of several numbers.
    private string? Place(SessionOptions options, KernelDispatch kernel)
    {
        foreach (Abi abi in (ReadOnlySpan<Abi>)[s_abis.Own, s_abis.Narrow])
        {
            if (abi == s_abis.Narrow && !kernel.Has(abi))
                continue;
            foreach (uint nr in Numbers(options, abi))
            {
                if (kernel.AddressOf(abi, nr) is not { } address)
                    return "it is not known which functions this kernel calls";
                // All numbers without a function come to one that no program can be attached to.
                if (kernel.CallAt(address) is null or KernelDispatch.NoCall)
                    return $"this kernel has no function for call {nr} of {abi}";
                CapturePlan plan = options.Plans[CapturePlan.IndexOf(abi, nr)];
                bool shown = IsSelected(plan) || (plan.Flags & PlanFlags.Execs) == 0;
                _places[address] = _places.GetValueOrDefault(address) || (shown && kernel.CallAt(address) is not ("exit" or "exit_group"));
            }
        }
        return null;
    }

    private static IEnumerable<uint> Numbers(SessionOptions options, Abi abi)
    {
        int first = CapturePlan.IndexOf(abi, 0);
        for (uint place = 0; place < Layout.MaxNr - 1; place++)
        {
            CapturePlan plan = options.Plans[first + place];
            uint nr = CapturePlan.NumberAt(abi, place);
            // A command is hushed up to its execve, which Scry itself makes.
            bool begins = abi == s_abis.Own && options.Target == TargetKind.Tasks && (plan.Flags & PlanFlags.Execs) != 0;
            if (!IsSelected(plan) && !begins)
                continue;
            if (nr < Layout.FarFirst)
                yield return nr;
            if (abi == Abi.Ia32 && BehindCall.Multiplexer(nr) is { } before)
                yield return before;
        }
    }

    private string? Resolve(KernelDispatch kernel)
    {
        Dictionary<ulong, string[]> names = _places.Keys.ToDictionary(address => address, address => kernel.NamesAt(address).ToArray());
        Dictionary<string, (uint Id, uint Prototype)> types = BtfFunctions.Find([.. names.Values.SelectMany(some => some), .. s_gates]);
        var all = new List<CallFunction>();
        foreach ((ulong address, bool returns) in _places)
        {
            if (names[address].FirstOrDefault(name => types.ContainsKey(name) && kernel.IsAt(name, address)) is not { } name)
                return $"this kernel has no type of the function of '{kernel.CallAt(address)}'";
            all.Add(new CallFunction(name, types[name].Id, types[name].Prototype, returns));
        }
        All = all;
        Gate = s_gates.FirstOrDefault(types.ContainsKey) ?? "";
        return Gate.Length > 0 ? null : "this kernel does not tell which calls are refused before they begin";
    }

    private static bool IsSelected(CapturePlan plan) => (plan.Flags & PlanFlags.Selected) != 0;
}
