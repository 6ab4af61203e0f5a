using Scry.FactsGen;

// Writes src/Scry.Syscalls/Generated from src/Scry.Syscalls/facts; with --check only compares.
string? root = AppContext.BaseDirectory;
while (root is not null && !File.Exists(Path.Combine(root, "scry.slnx")))
    root = Path.GetDirectoryName(root);
if (root is null)
{
    Console.Error.WriteLine("factsgen: no scry.slnx above this program: run it from the source tree");
    return 1;
}
string syscalls = Path.Combine(root, "src", "Scry.Syscalls");
try
{
    var facts = Facts.Read(Path.Combine(syscalls, "facts"));
    string output = Path.Combine(syscalls, "Generated");
    Directory.CreateDirectory(output);
    bool same = true;
    foreach ((string name, string text) in Emitter.Emit(facts))
    {
        string path = Path.Combine(output, name);
        if (File.Exists(path) && File.ReadAllText(path) == text)
            continue;
        same = false;
        if (args.Contains("--check"))
            Console.Error.WriteLine($"factsgen: {name} is not what the facts give: run dotnet run --project tools/Scry.FactsGen");
        else
            File.WriteAllText(path, text);
    }
    return same || !args.Contains("--check") ? 0 : 1;
}
catch (FactException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
