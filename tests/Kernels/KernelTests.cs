using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Scry.Tests.Kernels.Harness;
using Xunit;

namespace Scry.Tests.Kernels;

/// <summary>What must hold on each kernel. The scripts ran in the machine; the tests are about what they left.</summary>
public abstract partial class KernelTests(Machine machine, KernelTable table) : IDisposable
{
    /// <summary>Nothing that Scry or its programs do makes the kernel complain.</summary>
    [Fact]
    public void TheKernelComplainsOfNothing() => Assert.DoesNotMatch(Complaint(), machine.Log);

    /// <summary>Notes how the test ended in the table of kernels.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        string? name = TestContext.Current.TestMethod?.MethodName;
        if (name is not null && GetType().GetMethod(name)?.GetCustomAttribute<InMachineAttribute>()?.Shows is { } column)
            table.Note(machine.Kernel, column, TestContext.Current.TestState?.Result == TestResult.Passed);
    }

    private Ran Ran([CallerMemberName] string test = "") => machine.Of(test).Expect();

    [GeneratedRegex("BUG:|WARNING:|Oops|Call Trace|blocked for more than")]
    private static partial Regex Complaint();
}
