using System.Formats.Tar;
using System.Security.Cryptography;
using Scry.Tests.Published.Harness;

namespace Scry.Tests.Containers;

/// <summary>An image of busybox and of tests/Containers/programs, as <c>docker save</c> writes one: no registry is asked.</summary>
internal static class Image
{
    public const string Name = "scry.test/box:latest";

    private const string Busybox = "/bin/busybox";
    private const UnixFileMode Executable = (UnixFileMode)0b111_101_101;

    /// <summary>Compiles the programs and writes the archive, with what it needs beside it.</summary>
    public static void Write(string archive)
    {
        string layer = archive + ".layer";
        WriteLayer(layer);
        string config = archive + ".config";
        File.WriteAllText(config, $$$"""
            {"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sh"]},"rootfs":{"type":"layers","diff_ids":["sha256:{{{Digest(layer)}}}"]}}
            """);
        string manifest = archive + ".manifest";
        File.WriteAllText(manifest, $$"""[{"Config":"config.json","RepoTags":["{{Name}}"],"Layers":["layer.tar"]}]""");
        using TarWriter tar = Create(archive);
        tar.WriteEntry(manifest, "manifest.json");
        tar.WriteEntry(config, "config.json");
        tar.WriteEntry(layer, "layer.tar");
    }

    private static void WriteLayer(string path)
    {
        using TarWriter tar = Create(path);
        foreach (string directory in (string[])["bin", "dev", "etc", "proc", "sys", "tmp"])
            tar.WriteEntry(new UstarTarEntry(TarEntryType.Directory, directory + "/") { Mode = Executable });
        AddProgram(tar, Busybox, "bin/busybox");
        foreach (string applet in Child.Run(Busybox, "--list").Expect().Lines.Where(applet => applet != "busybox"))
            tar.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, "bin/" + applet) { LinkName = "busybox" });
        foreach (string source in Directory.GetFiles(Path.Combine(ScryBinary.Repository, "tests/Containers/programs"), "*.c"))
        {
            string name = Path.GetFileNameWithoutExtension(source);
            string program = $"{path}.{name}";
            Child.Run("gcc", "-static", "-O1", "-o", program, source).Expect();
            AddProgram(tar, program, "bin/" + name);
        }
    }

    private static void AddProgram(TarWriter tar, string file, string name)
    {
        using FileStream data = File.OpenRead(file);
        tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = data, Mode = Executable });
    }

    private static TarWriter Create(string path) => new(File.Create(path), TarEntryFormat.Ustar);

    private static string Digest(string path)
    {
        using FileStream data = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(data));
    }
}
