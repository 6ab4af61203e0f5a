namespace Scry.Tests.Conformance.Cases;

/// <summary>Calls that the generated program does not make.</summary>
internal static class Excluded
{
    private static readonly Dictionary<string, string> s_reasons = new()
    {
        ["rt_sigreturn"] = "takes its thread's registers from the stack; each signal's handler ends with one",
        ["sigreturn"] = "as rt_sigreturn",
        ["restart_syscall"] = "is made by the kernel; the real programs have it",
        ["kexec_load"] = "no test may come near it",
        ["kexec_file_load"] = "no test may come near it",
        ["reboot"] = "no test may come near it",
    };

    public static string? Reason(string syscall) => s_reasons.GetValueOrDefault(syscall);

    public static IReadOnlyCollection<string> Names => s_reasons.Keys;
}
