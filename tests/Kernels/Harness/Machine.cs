using System.Reflection;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Kernels.Harness;

/// <summary>A virtual machine with one kernel, which has run the scripts of all tests and is gone: what it left is here.</summary>
/// <param name="kernel">Version and flavour: 6.1-cloud-amd64.</param>
public abstract class Machine(string kernel) : IAsyncLifetime
{
    /// <summary>Until it is ended from outside; a script has 120 seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Workspace _workspace = new();
    private Finished? _run;

    /// <summary>Version and flavour.</summary>
    public string Kernel => kernel;

    /// <summary>What the kernel logged.</summary>
    public string Log => File.ReadAllText(Path.Combine(Results, "dmesg"));

    private string Results => _workspace["results"];

    /// <summary>What a test's script left. Fails with what the machine said when it did not get to it.</summary>
    public Ran Of(string test)
    {
        string directory = Path.Combine(Results, test);
        return File.Exists(Path.Combine(directory, "status"))
            ? new Ran(directory)
            : throw new InvalidOperationException($"the machine with {kernel} did not run '{test}': exit status {_run?.Status}\n{_run?.Error}\n{_run?.Output}");
    }

    /// <summary>Boots it and waits for its end.</summary>
    public async ValueTask InitializeAsync()
    {
        string files = _workspace["files"];
        GuestPrograms.Compile(kernel.Split('-')[^1], files);
        foreach (string file in Directory.GetFiles(Path.Combine(ScryBinary.Repository, "tests/Kernels/guest")))
            File.Copy(file, Path.Combine(files, Path.GetFileName(file)));
        string scripts = Directory.CreateDirectory(Path.Combine(files, "scripts")).FullName;
        foreach ((MethodInfo method, InMachineAttribute test) in Tests)
            File.WriteAllText(Path.Combine(scripts, method.Name), test.Script);
        using Child boot = Child.Start(
            Path.Combine(ScryBinary.Repository, "tests/Kernels/boot"),
            ["--with", files, "--results", Results, "--timeout", $"{Patience.TotalSeconds}", kernel, ". /files/run-all.sh"]);
        boot.Input.Close();
        _run = await Task.Run(() => boot.Wait(Patience + TimeSpan.FromMinutes(2)));
        // Kept: how long each took, and what it left, for whoever looks into a failure.
        string kept = Path.Combine(ScryBinary.Repository, "out/kernels", $"results-{kernel}");
        Child.Run("rm", "-rf", kept).Expect();
        if (Directory.Exists(Results))
            Child.Run("cp", "-r", Results, kept).Expect();
    }

    /// <summary>All tests that have a script.</summary>
    internal static IEnumerable<(MethodInfo Method, InMachineAttribute Test)> Tests =>
        from method in typeof(KernelTests).GetMethods()
        let test = method.GetCustomAttribute<InMachineAttribute>()
        where test is not null
        select (method, test);

    /// <summary>Removes what is left of it.</summary>
    public ValueTask DisposeAsync()
    {
        _workspace.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
