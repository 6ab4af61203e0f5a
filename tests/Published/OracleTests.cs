using System.Net;
using System.Net.Sockets;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Real programs, seen by strace and Scry at the same time.</summary>
public sealed class OracleTests
{
    [Fact]
    public void Ls() => Oracle.Check(["ls", "-l", "/"]);

    [Fact]
    public void Cat() => Oracle.Check(["cat", "/etc/passwd", "/no/such/file"], status: 1);

    [Fact]
    public void Cp()
    {
        using var workspace = new Workspace();
        Oracle.Check(["cp", "-a", "/etc/passwd", "/etc/group", "/etc/skel", Directory.CreateDirectory(workspace["to"]).FullName]);
    }

    [Fact]
    public void Tar()
    {
        using var workspace = new Workspace();
        Oracle.Check(["tar", "-czf", workspace["x.tar.gz"], Path.Combine(ScryBinary.Repository, "src/bpf")]);
    }

    [Fact]
    public void Git()
    {
        using var workspace = new Workspace();
        string folder = Directory.CreateDirectory(workspace["repo"]).FullName;
        File.WriteAllText(Path.Combine(folder, "file"), "text");
        Child.Run("git", "-C", folder, "init", "-q").Expect();
        Oracle.Check(["git", "-C", folder, "add", "file"]);
        Oracle.Check(["git", "-C", folder, "-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-qm", "one"]);
        Oracle.Check(["git", "-C", folder, "--no-pager", "log", "--stat"]);
    }

    [Fact]
    public void Python() => Oracle.Check(
        ["python3", "-c", "import os, subprocess, tempfile; subprocess.run(['true']); f = tempfile.TemporaryFile(); f.write(b'x' * 5000); print(os.listdir('/proc/self'))"]);

    [Fact]
    public void Node() => Oracle.Check(
        ["node", "-e", "const fs = require('fs'); fs.readdirSync('/'); setTimeout(() => console.log(fs.readFileSync('/etc/hostname', 'utf8')), 20)"]);

    [Fact]
    public void Dotnet() => Oracle.Check(["dotnet", "--version"]);

    [Fact]
    public void Curl()
    {
        using var workspace = new Workspace();
        File.WriteAllText(workspace["index.html"], "hello");
        int port = FreePort();
        using Child server = Child.Start("python3", ["-m", "http.server", "-b", "127.0.0.1", "-d", Path.GetDirectoryName(workspace["x"])!, $"{port}"]);
        Eventually.True(() => Answers(port), "the server answers");
        Oracle.Check(["curl", "-s", $"http://127.0.0.1:{port}/"]);
    }

    [Fact]
    public void Pipeline() => Oracle.Check(
        ["sh", "-c", "cat /etc/passwd | sort -r | (read first; echo $first; wc -l) & wait; (exit 3) || sleep 0.05; kill -USR1 $$"], status: 128 + 10);

    [Fact]
    public void ThirtyTwoThreads() => Oracle.Check([Programs.Path("threads"), "100"]);

    [Fact]
    public void Signals() => Oracle.Check([Programs.Path("signals")]);

    [Fact]
    public void Pointers()
    {
        using var workspace = new Workspace();
        Oracle.Check([Programs.Path("pointers"), workspace["file"]]);
    }

    [Fact]
    public void HostileText() => Oracle.Check([Programs.Path("hostile")]);

    [Fact]
    public void ThirtyTwoBitEntry() => Oracle.Check([Programs.Path("ia32")], status: 7);

    [Fact]
    public void ThirtyTwoBitProgram()
    {
        Assert.SkipUnless(Programs.Has32Bit, "gcc -m32 has no libc here");
        Oracle.Check([Programs.Path("hostile32")]);
    }

    [Fact]
    public void UnknownNumbers() => Oracle.Check([Programs.Path("unknown")]);

    [Fact]
    public void ForkAndVfork() => Oracle.Check([Programs.Path("brood"), "50"]);

    [Fact]
    public void Redis()
    {
        using var workspace = new Workspace();
        int port = FreePort();
        using Oracle oracle = Oracle.Start(
            ["redis-server", "--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--dir", Path.GetDirectoryName(workspace["x"])!]);
        Eventually.True(() => Answers(port), "redis answers");
        Child.Run("redis-benchmark", "-p", $"{port}", "-n", "500", "-c", "8", "-t", "set,get,lpush", "-q").Expect();
        Child.Run("redis-cli", "-p", $"{port}", "shutdown", "nosave");
        oracle.Compare();
    }

    [Fact]
    public void Nginx()
    {
        using var workspace = new Workspace();
        int port = FreePort();
        string folder = Path.GetDirectoryName(workspace["x"])!;
        File.WriteAllText(workspace["index.html"], new string('x', 20000));
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        File.WriteAllText(workspace["nginx.conf"], $$"""
            daemon off;
            worker_processes 2;
            pid {{folder}}/pid;
            error_log {{folder}}/error.log;
            events { worker_connections 64; }
            http {
                access_log {{folder}}/access.log;
                server { listen 127.0.0.1:{{port}}; root {{folder}}; }
            }
            """);
        using Oracle oracle = Oracle.Start(["nginx", "-p", folder, "-c", workspace["nginx.conf"]]);
        Eventually.True(() => Answers(port), "nginx answers");
        for (int i = 0; i < 10; i++)
            Child.Run("curl", "-s", "-o", "/dev/null", $"http://127.0.0.1:{port}/index.html?[1-20]", $"http://127.0.0.1:{port}/missing").Expect();
        Child.Run("/bin/kill", "-QUIT", File.ReadAllText(workspace["pid"]).Trim()).Expect();
        oracle.Compare();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool Answers(int port)
    {
        try
        {
            using var client = new TcpClient("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
