using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Scry.Cli.Bench;

/// <summary>A workload whose server runs in the traced cgroup from the first run to the last, with a client outside of it.</summary>
internal abstract class ServerWorkload(string name, string title, Metric metric) : Workload(name, title, metric)
{
    private const int SigTerm = 15, PauseMs = 50, Questions = 100;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private BenchProcess? _server;
    private string _error = "";

    public override bool OneProcess => false;

    public override bool IsStarted => false;

    public override int Rounds => 9;

    /// <summary>How the server is started.</summary>
    protected abstract IReadOnlyList<string> Server(BenchPlace place);

    /// <summary>Asks the server for little; throws when it does not answer yet.</summary>
    protected abstract void Touch(BenchPlace place);

    /// <summary>Loads it for a run.</summary>
    protected abstract double Load(BenchPlace place);

    /// <summary>Before the server is started.</summary>
    protected virtual void PrepareFiles(BenchPlace place)
    {
    }

    /// <summary>After the server has answered.</summary>
    protected virtual void PrepareData(BenchPlace place)
    {
    }

    public override void Prepare(BenchPlace place)
    {
        PrepareFiles(place);
        _error = place.Work.NewFile(Name + "-error");
        _server = BenchProcess.Start(new ProcessStart(Server(place))
        {
            Cgroup = place.Cgroup.Path,
            Affinity = place.Machine.TracedCpu,
            Output = _error,
            Error = _error,
        });
        AwaitAnswer(place);
        PrepareData(place);
    }

    public override Trial Begin(BenchPlace place, IReadOnlyList<string>? launcher) => new ServerTrial(this, place);

    public override void Dispose()
    {
        if (_server is null)
            return;
        _server.Signal(SigTerm);
        for (int i = 0; i < 100 && !_server.HasEnded(PauseMs); i++)
        {
        }
        _server.Dispose();
        _server = null;
    }

    /// <summary>A port of the loopback that was free a moment ago.</summary>
    protected static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Runs a client, outside of the traced cgroup and CPU.</summary>
    protected static string Client(BenchPlace place, params string[] words) => BenchProcess.Run(place.Work, words, TimeSpan.FromSeconds(60), place.Machine.Elsewhere);

    /// <summary>Asks a server on the loopback some times for something that it answers at once.</summary>
    /// <exception cref="ToolException">It does not.</exception>
    protected static void Ask(string port, ReadOnlySpan<byte> question)
    {
        try
        {
            using var client = new TcpClient { ReceiveTimeout = (int)s_patience.TotalMilliseconds };
            client.Connect(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture));
            for (int i = 0; i < Questions; i++)
            {
                client.GetStream().Write(question);
                client.GetStream().ReadExactly(new byte[1]);
            }
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            throw new ToolException($"no answer: {error.Message}");
        }
    }

    private void AwaitAnswer(BenchPlace place)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                Touch(place);
                return;
            }
            catch (ToolException) when (!_server!.HasEnded() && Stopwatch.GetElapsedTime(started) < s_patience)
            {
                Interrupts.Pause(PauseMs);
            }
            catch (ToolException error)
            {
                throw new ToolException($"the server of {Name} does not answer: {error.Message}; it says: {BenchProcess.LastLine(Attachment.ReadText(_error)) ?? "nothing"}");
            }
        }
    }

    private sealed class ServerTrial(ServerWorkload workload, BenchPlace place) : Trial
    {
        public override string Cgroup => place.Cgroup.Path;

        public override IReadOnlyList<int> Pids { get; } = place.Cgroup.Processes;

        /// <summary>All of them wait in it for the next request.</summary>
        public override string MarkerCall => "epoll_wait";

        public override void Mark() => workload.Touch(place);

        public override Measurement Measure(BenchProcess? tool)
        {
            Measurement result = new(workload.Load(place));
            tool?.SampleMemory();
            return result;
        }
    }
}
