using System.Net;
using System.Net.Sockets;

namespace Scry.Tests.Conformance;

/// <summary>A real program's run, as a script for the shell.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Needs">Commands that it needs.</param>
/// <param name="Script">The script; <c>$PORT</c> is a free port, and it runs in an empty directory.</param>
/// <param name="Daily">Whether ./test has it; the others are bench/conformance's.</param>
internal sealed record RealProgram(string Name, string Needs, string Script, bool Daily = true)
{
    /// <summary>What runs are compared.</summary>
    public static IReadOnlyList<RealProgram> All { get; } =
    [
        new("coreutils", "ls", """
            seq 1000 | sort -rn | uniq | head -n 3 | tee out | wc -c; cp -a /etc/passwd /etc/skel .; ls -lR --time-style=full-iso . /etc/skel /no/such
            stat -f .; stat out; touch -d @5 out; ln out out2; ln -s out out3; mv out2 out4; readlink -f out3; chmod 640 out; chown 1:1 out; du -s .; df .
            dd if=/dev/zero of=z bs=4k count=16; truncate -s 100 z; md5sum z; tail -c 5 z; id; date; uname -a; sleep 0.01; timeout 1 true; timeout 0.05 sleep 5
            nice -n 5 true; env -i /bin/true; mkfifo p; (echo x > p &); cat p; shuf -n 2 /etc/passwd; sync z; stdbuf -o0 true; nproc; tty; who; mktemp; rm -r *
            """),
        new("shells", "bash", """
            bash -c 'trap "echo usr1" USR1; kill -USR1 $$; for i in {1..5}; do (echo $i); done; coproc cat; echo x >&${COPROC[1]}; read -u ${COPROC[0]} y; kill $COPROC_PID; wait
            ulimit -a; ulimit -n 100; cat <(echo a) <(echo b); exec 5<>f; true | false; sleep 1 & kill -STOP $!; kill -CONT $!; kill $!; wait $!; cd /; umask 027; times; exit 3'
            (ulimit -v 1000000; kill -SEGV $(sh -c 'echo $PPID')) ; find /etc -maxdepth 2 -type f -newer /etc/passwd; grep -r root /etc/passwd /etc/group; sed -i s/a/b/ /dev/null; awk 'BEGIN { system("true") }'
            xargs -n 1 -P 2 echo < /etc/hostname; busybox ls -la /; sh -c 'exit 1'
            """),
        new("git", "git", """
            git init -q r; cd r; echo text > file; git add file; git -c user.name=T -c user.email=t@localhost commit -qm one; git --no-pager log --stat; git status
            git branch other; git checkout -q other; echo more >> file; git --no-pager diff; git -c user.name=T -c user.email=t@localhost commit -qam two; git gc -q; git clone -q . ../s; git fsck
            """),
        new("python3", "python3", """
            python3 -c '
            import asyncio, ctypes, fcntl, mmap, os, select, shutil, signal, socket, sqlite3, subprocess, tempfile, threading, time
            subprocess.run(["true"]); f = tempfile.TemporaryFile(); f.write(b"x" * 5000); f.flush(); m = mmap.mmap(f.fileno(), 4096); m.flush(); m.close()
            fcntl.flock(f, fcntl.LOCK_EX); fcntl.lockf(f, fcntl.LOCK_UN); os.listdir("/proc/self")
            t = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(4)]; [x.start() for x in t]; [x.join() for x in t]
            db = sqlite3.connect("x.db"); db.execute("create table t (a, b)"); db.executemany("insert into t values (?, ?)", [(i, str(i)) for i in range(100)]); db.commit()
            a, b = socket.socketpair(); a.sendmsg([b"one", b"two"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, b"\0\0\0\0")]); b.recvmsg(100, 100)
            u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0)); u.sendto(b"datagram", u.getsockname()); u.recvfrom(50); u.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            l = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(l.getsockname()); s, _ = l.accept(); c.sendall(b"y" * 100000); s.recv(1000); s.shutdown(2); c.close()
            try: socket.getaddrinfo("localhost", 80)
            except OSError: pass
            p = select.epoll(); p.register(l, select.EPOLLIN); p.poll(0.01); select.select([l], [], [], 0.01); select.poll().poll(1)
            signal.signal(signal.SIGALRM, lambda *x: None); signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()
            async def main(): await asyncio.gather(*(asyncio.sleep(0.01) for _ in range(3))); await (await asyncio.create_subprocess_exec("true")).wait()
            asyncio.run(main())
            os.pipe2(os.O_CLOEXEC); os.memfd_create("m"); os.sched_getaffinity(0); os.getrandom(8); os.statvfs("/"); os.getxattr if False else None
            shutil.copyfile("/etc/passwd", "copy"); os.sendfile(os.open("o", os.O_CREAT | os.O_WRONLY), os.open("copy", 0), 0, 100)
            pid = os.fork()
            if not pid: os._exit(7)
            os.waitid(os.P_PID, pid, os.WEXITED); os.wait4
            '
            """),
        new("python3 processes", "python3", """
            python3 -c 'import multiprocessing as m; p = m.Pool(2); print(p.map(abs, range(-3, 3))); p.close(); p.join()'
            """),
        new("node", "node", """
            node -e '
            const fs = require("fs"), http = require("http"), { Worker } = require("worker_threads"), { execFileSync } = require("child_process");
            fs.readdirSync("/"); fs.writeFileSync("f", "text"); fs.watch("f").close(); execFileSync("true"); new Worker("1", { eval: true });
            const s = http.createServer((q, r) => r.end("hello")).listen(0, "127.0.0.1", () => http.get({ port: s.address().port, host: "127.0.0.1" }, r => { r.resume(); r.on("end", () => s.close()); }));
            '
            """),
        new("dotnet", "dotnet", "dotnet --version; dotnet --info"),
        new("gcc", "gcc", """
            printf '#include <stdio.h>\nint main(void) { printf("hello\\n"); return 0; }\n' > x.c; gcc -O2 -g -o x x.c; ./x; gcc -m32 -static -o y x.c && ./y; objdump -d x | head -n 3; strip x
            """),
        new("tar", "tar", "tar -czf x.tgz /etc/skel /etc/apt; tar -tzf x.tgz; tar -xzf x.tgz; tar -cJf x.txz etc; gzip -k x.txz; rm -r etc"),
        new("curl", "curl python3", """
            echo hello > index.html; python3 -m http.server -b 127.0.0.1 $PORT & for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2; curl -s "http://127.0.0.1:$PORT/" && break; done
            curl -s "http://127.0.0.1:$PORT/missing"; curl -s http://no.such.host.invalid/; kill $!; wait
            """),
        new("sqlite3", "sqlite3", """
            sqlite3 x.db 'pragma journal_mode=wal; create table t (a integer primary key, b text); insert into t values (1, "one"), (2, "two"); select * from t; vacuum; pragma wal_checkpoint;'
            """),
        new("redis", "redis-server redis-benchmark", """
            redis-server --port $PORT --unixsocket "$PWD/s" --save '' --appendonly yes --daemonize no > log &
            for i in 1 2 3 4 5 6 7 8 9; do sleep 0.1; redis-cli -p $PORT ping && break; done
            redis-benchmark -p $PORT -n 200 -c 4 -t set,get,lpush -q; redis-benchmark -s "$PWD/s" -n 100 -c 2 -t set -q; redis-cli -p $PORT bgsave; redis-cli -p $PORT shutdown nosave; wait
            """),
        new("nginx", "nginx curl", """
            chmod 755 .; seq 5000 > index.html; cat > nginx.conf <<END
            daemon off; worker_processes 2; pid $PWD/pid; error_log $PWD/error.log; events { worker_connections 64; }
            http { access_log $PWD/access.log; server { listen 127.0.0.1:$PORT; listen unix:$PWD/s; root $PWD; } }
            END
            nginx -p "$PWD" -c "$PWD/nginx.conf" & for i in 1 2 3 4 5 6 7 8 9; do sleep 0.1; curl -s -o out "http://127.0.0.1:$PORT/index.html" && break; done
            curl -s -o out "http://127.0.0.1:$PORT/index.html?[1-10]" "http://127.0.0.1:$PORT/missing"; curl -s --unix-socket "$PWD/s" -o out http://x/; kill -HUP $(cat pid); sleep 0.2; kill -QUIT $(cat pid); wait
            """),
        new("system tools", "ps", "ps aux; free; lsblk; mount; ip addr; ip route; ss -an; lscpu; dmesg; getent hosts localhost; getent passwd root; chrt -p $$; taskset -p $$; ipcs; prlimit; nsenter --version; unshare -U true; setsid true; flock f true; losetup; lsof -p $$; vmstat; top -b -n 1"),
        new("gdb", "gdb gcc", "printf 'int main(void) { return 3; }\n' > x.c; gcc -g -o x x.c; gdb -batch -ex 'break main' -ex run -ex bt -ex continue ./x", false),
        new("postgres", "initdb postgres psql", """
            chown nobody .; chmod 755 .; setpriv --reuid nobody --regid nogroup --clear-groups sh -c '
            initdb -D pg --no-sync > log; postgres -D pg -k "$PWD" -c listen_addresses= & for i in 1 2 3 4 5 6 7 8 9; do sleep 0.5; psql -h "$PWD" -d postgres -c "select 1" && break; done
            psql -h "$PWD" -d postgres -c "create table t as select generate_series(1, 1000) a; select sum(a) from t; vacuum full t; checkpoint"; kill -INT $!; wait'
            """, false),
        new("runc", "runc busybox", """
            mkdir -p rootfs/bin; cp "$(command -v busybox)" rootfs/bin/sh; runc spec; sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"sh", "-c", "echo hello; ls \/proc | head -n 3"/' config.json; runc run scry-conformance
            """, false),
        new("containerd", "containerd ctr busybox", """
            mkdir -p rootfs/bin; cp "$(command -v busybox)" rootfs/bin/sh; containerd --root "$PWD/root" --state "$PWD/state" -a "$PWD/s" & for i in 1 2 3 4 5 6 7 8 9; do sleep 1; ctr -a "$PWD/s" version && break; done
            ctr -a "$PWD/s" run --rm --rootfs "$PWD/rootfs" scry-conformance /bin/sh -c 'echo hello'; kill $!; wait
            """, false),
        new("stress-ng", "stress-ng", """
            for s in $(stress-ng --stressors); do timeout -s KILL 6 stress-ng --$s 1 --$s-ops 20 -t 2 --oomable --temp-path . -q; done
            """, false),
    ];

    /// <summary>Whether all that it needs is there.</summary>
    public bool Available => Needs.Split(' ').All(command => (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':').Any(folder => File.Exists(Path.Combine(folder, command))));

    /// <summary>The command for a directory of its own.</summary>
    public string[] Command(string directory) =>
        ["env", "LC_ALL=C", "HOME=" + directory, "PATH=" + Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin", $"PORT={FreePort()}", "sh", "-c", $"cd '{directory}'; {{ {Script.Trim()}\n}} > /dev/null 2>&1 < /dev/null; exit 0"];

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
