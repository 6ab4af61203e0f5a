using System.ComponentModel;
using System.Diagnostics;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Launch;
using Scry.Cli.Tracing;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Loops;

/// <summary>Writes the incidents of a recorder into files.</summary>
/// <param name="recorder">The recorder's directory.</param>
/// <param name="folder">Where the files go; made when it is not there.</param>
internal sealed class LoopWatch(string recorder, string folder)
{
    private const int PollMs = 200;
    private const int TellMs = 10_000;
    private const string Suffix = ".scry";
    private static readonly TimeSpan s_abandoned = TimeSpan.FromMinutes(10);

    private readonly string _name = Path.GetFileName(recorder);
    private ulong _suppressed;
    private long _toldAt = -TellMs;

    /// <summary>Newest files that are kept.</summary>
    public required int Keep { get; init; }
    /// <summary>Bytes of files that are kept.</summary>
    public required long MaxSize { get; init; }
    /// <summary>What the shell runs for each file; null: nothing.</summary>
    public string? Command { get; init; }

    /// <summary>Watches until a signal comes or the recorder is stopped.</summary>
    /// <returns>The exit status.</returns>
    public int Run()
    {
        MakeFolder();
        NativeMethods.CatchSignals();
        using FlightRecorder open = LoopStore.Open(recorder, out LoopAbout about);
        if (about.HasIdsOfHere)
            open.ExcludeSelf();
        while (NativeMethods.TakeSignal() == 0)
        {
            foreach (FlightGroup incident in open.Groups().Where(group => group.State == GroupState.Frozen).OrderBy(group => group.Incident))
                Save(open, about, incident);
            TellSuppressed(open.State);
            if (!Directory.Exists(recorder))
            {
                Runner.Say($"the recorder '{_name}' was stopped");
                break;
            }
            Thread.Sleep(PollMs);
        }
        return ExitCode.Ok;
    }

    private void MakeFolder()
    {
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot make the directory '{Printable.Escape(folder)}': {ErrnoText.Describe(error)}");
        }
    }

    // Under its final name a file is whole; the name is the incident's alone, so that one that was killed in between is written again.
    private void Save(FlightRecorder open, LoopAbout about, FlightGroup incident)
    {
        DateTime when = Clock.DateOf(incident.Ended);
        string file = Path.Combine(folder, $"{_name}-{when:yyyyMMdd'T'HHmmss'Z'}-{incident.Incident}-{IncidentText.Word(incident)}{Suffix}");
        OutputFile? made = null;
        try
        {
            LoopDump.WriteIncident(open, about, incident, file, path => (made = OutputFile.Replace(path)).Stream);
            file = Name(made!, file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot write '{Printable.Escape(file)}': {ErrnoText.Describe(error)}", "the incident stays in the kernel");
        }
        finally
        {
            made?.Dispose();
        }
        open.Release(incident);
        Standard.Output.WriteLine($"{when.ToLocalTime():yyyy-MM-dd HH:mm:ss} {IncidentText.Why(incident)}, {Printable.Escape(incident.Path)}: {Printable.Escape(file)}");
        Prune(keep: file);
        Execute(file, incident);
    }

    // Names can be foreseen: whoever can write the directory may have put anything there. It does not keep an incident from its file.
    private static string Name(OutputFile made, string file)
    {
        if (OutputFile.IsTaken(file, out bool isFile, out uint owner) && !(isFile && owner == Users.Own))
            Runner.Say($"user {owner} has put something where an incident's file belongs: '{Printable.Escape(file)}'");
        try
        {
            made.Keep();
            return file;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A directory; or another's file, which a sticky directory lets nobody replace.
            string other = $"{file[..^Suffix.Length]}-{Path.GetRandomFileName()[..8]}{Suffix}";
            made.KeepAs(Path.GetFileName(other));
            return other;
        }
    }

    private void TellSuppressed(in FlightState state)
    {
        // A storm is one line now and then, not one for each drop.
        if (Environment.TickCount64 - _toldAt < TellMs)
            return;
        ulong suppressed = state.SuppressedCooldown + state.SuppressedFull;
        if (suppressed > _suppressed)
        {
            _toldAt = Environment.TickCount64;
            Standard.Output.WriteLine($"{suppressed - _suppressed} more incidents not kept: too soon after another, or too many at a time");
        }
        _suppressed = suppressed;
    }

    // Of this user's own files: others' neither count nor go. What goes away by itself meanwhile is gone.
    private void Prune(string keep)
    {
        try
        {
            FileInfo[] files = [.. new DirectoryInfo(folder).GetFiles($"{_name}-*{Suffix}").Where(IsOwn).OrderByDescending(file => file.LastWriteTimeUtc)];
            long size = 0;
            for (int i = 0; i < files.Length; i++)
            {
                size += files[i].Exists ? files[i].Length : 0;
                if ((i >= Keep || size > MaxSize) && files[i].FullName != Path.GetFullPath(keep))
                    files[i].Delete();
            }
            // What a watch that was killed had begun.
            foreach (FileInfo file in new DirectoryInfo(folder).GetFiles($".{_name}-*").Where(file => OutputFile.IsPartial(file.Name) && IsOwn(file)))
            {
                if (DateTime.UtcNow - file.LastWriteTimeUtc > s_abandoned)
                    file.Delete();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Runner.Say($"older files in '{Printable.Escape(folder)}' stay: {ErrnoText.Describe(error)}");
        }
    }

    private static bool IsOwn(FileInfo file) => OutputFile.IsTaken(file.FullName, out bool isFile, out uint owner) && isFile && owner == Users.Own;

    private void Execute(string file, FlightGroup incident)
    {
        if (Command is null)
            return;
        var start = new ProcessStartInfo("/bin/sh", ["-c", Command]) { UseShellExecute = false };
        start.Environment["SCRY_FILE"] = file;
        start.Environment["SCRY_WHY"] = IncidentText.Why(incident);
        start.Environment["SCRY_CGROUP"] = incident.Path;
        try
        {
            using Process? shell = Process.Start(start);
            shell?.WaitForExit();
            if (shell is { ExitCode: not 0 })
                Runner.Say($"the command ended with status {shell.ExitCode}");
        }
        catch (Win32Exception error)
        {
            Runner.Say($"the command was not run: /bin/sh: {ErrnoText.Describe(error.NativeErrorCode)}");
        }
    }
}
