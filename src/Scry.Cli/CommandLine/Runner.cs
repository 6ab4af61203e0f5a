using System.CommandLine;
using Scry.Bpf;
using Scry.Capture;
using Scry.Cli.Launch;
using Scry.Recording;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Views;

namespace Scry.Cli.CommandLine;

/// <summary>Parses, runs a command, and turns what goes wrong into one line and an exit status.</summary>
internal static class Runner
{
    /// <summary>Runs what the words ask for.</summary>
    /// <returns>The exit status.</returns>
    public static int Run(RootCommand root, string[] words) => Guard(() => Invoke(root, words));

    private static int Invoke(RootCommand root, string[] words)
    {
        ParseResult parsed = root.Parse(Prepare(root, words), new ParserConfiguration
        {
            EnablePosixBundling = false,
            // A traced command may have arguments that begin with @.
            ResponseFileTokenReplacer = null,
        });
        if (parsed.Errors.Count > 0 && parsed.Action?.ClearsParseErrors != true)
            throw new ToolException(parsed.Errors[0].Message.TrimEnd('.'), "'scry --help' lists the commands", ExitCode.Usage);
        return parsed.Invoke(new InvocationConfiguration
        {
            Output = Standard.Output,
            Error = Standard.Error,
            EnableDefaultExceptionHandler = false,
            // Signals are caught by native/launch.c, when there is something to end.
            ProcessTerminationTimeout = null,
        });
    }

    /// <summary>Does something, and turns what goes wrong into one line.</summary>
    /// <param name="run">It; gives the exit status.</param>
    /// <returns>The exit status.</returns>
    public static int Guard(Func<int> run)
    {
        try
        {
            return run();
        }
        catch (OutputException error) when (error.IsClosedPipe)
        {
            return ExitCode.ClosedPipe;
        }
        catch (InterruptedException error)
        {
            return ExitCode.SignalBase + error.Signal;
        }
        catch (Exception error)
        {
            (string message, string? hint, int code) = Describe(error);
            Say(hint is null ? message : $"{message}; {hint}");
            return code;
        }
    }

    /// <summary>Tells a person something: one line on standard error. What others chose in it, and what was typed, is made fit here.</summary>
    public static void Say(string line) => Standard.Error.Write(Line(line));

    /// <summary>The line as it is written.</summary>
    internal static string Line(string line) => $"scry: {Printable.Escape(line, MaxLine)}\n";

    private static IReadOnlyList<string> Prepare(RootCommand root, string[] words)
    {
        if (words.Length == 0)
            return ["--help"];
        Command? command = root.Subcommands.FirstOrDefault(known => known.Name == words[0]);
        if (command is { Subcommands.Count: > 0 })
            return PrepareSubcommand(command, words);
        if (command is not null)
            return [words[0], .. Words.Normalize(command, words[1..])];
        if (root.Options.Any(option => option.Name == words[0] || option.Aliases.Contains(words[0])))
            return words;
        if (words[0].StartsWith('-'))
        {
            throw new ToolException($"{Printable.Escape(words[0])} stands where the command is expected",
                "'scry --help' lists the commands: scry trace -p PID", ExitCode.Usage);
        }
        throw new ToolException($"there is no command '{Printable.Escape(words[0])}'",
            $"'scry --help' lists them; to trace a program: scry trace -- {Printable.Escape(words[0])}", ExitCode.Usage);
    }

    private static IReadOnlyList<string> PrepareSubcommand(Command command, string[] words)
    {
        if (words.Length == 1)
            return [words[0], "--help"];
        if (command.Subcommands.FirstOrDefault(known => known.Name == words[1]) is { } sub)
            return [words[0], words[1], .. Words.Normalize(sub, words[2..])];
        if (words[1] is "--help" or "-h" or "-?")
            return [words[0], "--help"];
        throw new ToolException($"'scry {command.Name}' has no '{Printable.Escape(words[1])}'",
            $"it has {string.Join(", ", command.Subcommands.Select(known => known.Name))}", ExitCode.Usage);
    }

    // errno(3)
    private const int Enomem = 12, Emfile = 24;

    private const string MemoryHint = "'ulimit -v' and the memory limit of the cgroup say how much there may be; --buffer and --memory ask for less";

    /// <summary>Characters shown of a line.</summary>
    private const int MaxLine = 8000;

    /// <summary>Characters shown of a message that lists what a name may mean.</summary>
    private const int MaxMessage = 2000;

    /// <summary>What to tell a person about an exception.</summary>
    public static (string Message, string? Hint, int ExitCode) Describe(Exception error) => error switch
    {
        ToolException tool => (tool.Message, tool.Hint, tool.ExitCode),
        SelectionException selection => (selection.Message, selection.Hint, ExitCode.Usage),
        TargetException target => (Printable.Escape(target.Message, MaxMessage),
            target.Hint is { } hint ? Printable.Escape(hint, MaxMessage) : null, ExitCode.Failed),
        RecordingException recording => (Printable.Escape(recording.Message, MaxMessage), recording.Hint, ExitCode.Failed),
        NativeException { Errno: Emfile } files => ($"no more files may be open: {files.Call}", "raise the limit: ulimit -n 256 is enough", ExitCode.Failed),
        NativeException { Errno: Enomem } memory => ($"there is not enough memory: {memory.Call}", MemoryHint, ExitCode.Failed),
        NativeException { Program: { } program } refused => Refused(refused, program),
        OutputException output => ($"cannot write the output: {ErrnoText.Describe(output)}", null, ExitCode.Failed),
        OutOfMemoryException => ("there is not enough memory", MemoryHint, ExitCode.Failed),
        NativeException native => ($"the kernel refused: {Printable.Escape(native.Message, MaxMessage)}",
            "'scry doctor' checks what tracing needs", ExitCode.Failed),
        IOException or UnauthorizedAccessException => ($"a file cannot be read or written: {ErrnoText.Describe(error)}{FileOf(error)}",
            "'scry doctor' checks what tracing needs", ExitCode.Failed),
        _ => ($"a fault of Scry's own: {error.GetType().Name}: {Printable.Escape(error.Message)}",
            "please report it with the command line", ExitCode.Failed),
    };

    private static (string Message, string? Hint, int ExitCode) Refused(NativeException error, string program) =>
        ($"this kernel, Linux {KernelSupport.Running}, refuses the program '{Printable.Escape(program)}': {Printable.Escape(error.Reason ?? "", MaxMessage)}",
            VerifierLog.Keep(error.Log) is { } path
                ? $"'scry doctor' checks what tracing needs; if it finds nothing, please report it with {Printable.Escape(path)}, the verifier's whole log"
                : "'scry doctor' checks what tracing needs; the verifier's log could not be kept, since no directory for temporary files can be written to",
            ExitCode.Failed);

    /// <summary>The file that .NET names last in a message; the binary carries no texts of the framework, only their keys.</summary>
    private static string FileOf(Exception error) =>
        error.Message.IndexOf(", /", StringComparison.Ordinal) is >= 0 and var at ? $" ({Printable.Escape(error.Message[(at + 2)..])})" : "";
}
