using System.Globalization;
using System.Text.RegularExpressions;

namespace Scry.Cli.Bench;

/// <summary>redis-server under redis-benchmark.</summary>
internal sealed class RedisWorkload() : ServerWorkload("redis", "redis-server, GET by redis-benchmark with 10 clients", new Metric("requests/s", IsRate: true))
{
    private const int RequestsPerSecond = 40_000;

    private string _port = "";

    public override bool ForksLater => false;

    public override string? Missing() => MissingProgram("redis-server", "redis-server") ?? MissingProgram("redis-benchmark", "redis-tools");

    protected override IReadOnlyList<string> Server(BenchPlace place)
    {
        _port = $"{FreePort()}";
        return ["redis-server", "--bind", "127.0.0.1", "--port", _port, "--save", "", "--dir", place.Work.Path];
    }

    protected override void Touch(BenchPlace place) => Ask(_port, "PING\r\n"u8);

    protected override double Load(BenchPlace place)
    {
        string said = Client(place, "redis-benchmark", "-p", _port, "-t", "get", "-n", $"{(int)(RequestsPerSecond * place.Seconds)}", "-c", "10", "--csv");
        return Figures.Match(said, "\"GET\",\"([0-9.]+)\"", Name);
    }
}

/// <summary>nginx under wrk.</summary>
internal sealed class NginxWorkload() : ServerWorkload("nginx", "nginx, a small file by wrk over 8 connections", new Metric("requests/s", IsRate: true))
{
    private string _port = "", _configuration = "";

    public override bool ForksLater => false;

    public override string? Missing() => MissingProgram("nginx", "nginx") ?? MissingProgram("wrk", "wrk");

    protected override void PrepareFiles(BenchPlace place)
    {
        string directory = place.Work.NewFile("nginx");
        _port = $"{FreePort()}";
        _configuration = directory + "/nginx.conf";
        Directory.CreateDirectory(directory);
        File.WriteAllText(directory + "/index.html", "hello\n");
        File.WriteAllText(_configuration,
            $"daemon off; pid {directory}/pid; error_log /dev/null; events {{}} http {{ access_log off; "
            + $"client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory}; uwsgi_temp_path {directory}; scgi_temp_path {directory}; "
            + $"server {{ listen 127.0.0.1:{_port}; root {directory}; }} }}\n");
    }

    protected override IReadOnlyList<string> Server(BenchPlace place) => ["nginx", "-c", _configuration];

    protected override void Touch(BenchPlace place) => Ask(_port, "GET / HTTP/1.1\r\nHost: bench\r\n\r\n"u8);

    protected override double Load(BenchPlace place)
    {
        string said = Client(place, "wrk", "-t", "1", "-c", "8", "-d", $"{Math.Max(1, (int)Math.Ceiling(place.Seconds))}s", $"http://127.0.0.1:{_port}/");
        return Figures.Match(said, @"Requests/sec:\s+([0-9.]+)", Name);
    }
}

/// <summary>PostgreSQL under pgbench.</summary>
internal sealed class PgbenchWorkload() : ServerWorkload("pgbench", "PostgreSQL, pgbench -S with 2 clients", new Metric("transactions/s", IsRate: true))
{
    private static readonly string[] s_as = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"];

    private string _directory = "";

    private static string? Programs => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Order().Select(version => version + "/bin").LastOrDefault(bin => File.Exists(bin + "/postgres"))
        : null;

    public override string? Missing() => Programs is null ? "PostgreSQL is not installed; it is in the package postgresql" : MissingProgram("setpriv", "util-linux");

    protected override void PrepareFiles(BenchPlace place)
    {
        _directory = place.Work.NewFile("postgres");
        Directory.CreateDirectory(_directory);
        Client(place, "chown", "postgres", _directory);
        Client(place, [.. s_as, $"{Programs}/initdb", "-D", _directory + "/data", "-A", "trust"]);
    }

    // The postmaster is not root: its output file must be its own.
    protected override IReadOnlyList<string> Server(BenchPlace place) =>
        [.. s_as, $"{Programs}/postgres", "-D", _directory + "/data", "-k", _directory, "-h", "", "-c", "fsync=off"];

    protected override void PrepareData(BenchPlace place) => Client(place, [.. Pgbench, "-i", "-s", "5", "-q", "postgres"]);

    protected override void Touch(BenchPlace place) => Client(place, [.. s_as, $"{Programs}/psql", "-h", _directory, "-c", "select 1", "postgres"]);

    protected override double Load(BenchPlace place)
    {
        string said = Client(place, [.. Pgbench, "-n", "-S", "-c", "2", "-T", $"{Math.Max(1, (int)Math.Ceiling(place.Seconds))}", "postgres"]);
        return Figures.Match(said, @"tps = ([0-9.]+)", Name);
    }

    private string[] Pgbench => [.. s_as, $"{Programs}/pgbench", "-h", _directory];
}

/// <summary>Numbers that clients print.</summary>
internal static class Figures
{
    /// <summary>The first group of a pattern, as a number.</summary>
    /// <exception cref="ToolException">It is not there.</exception>
    public static double Match(string text, string pattern, string name) =>
        Regex.Match(text, pattern) is { Success: true } match && double.TryParse(match.Groups[1].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw new ToolException($"the client of {name} printed no figure: {BenchProcess.LastLine(text) ?? "nothing"}");
}
