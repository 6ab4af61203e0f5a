using System.CommandLine;
using System.Text.Json;
using Scry.Cli.CommandLine;
using Scry.Cli.Health;
using Scry.Cli.Launch;

namespace Scry.Cli.Commands;

/// <summary><c>scry doctor</c>: whether this machine can be traced, and what to do when it cannot.</summary>
internal static class DoctorCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "One JSON object", Arity = ArgumentArity.Zero };

    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("doctor", "Check that this machine can be traced") { Json };
        command.SetAction(words => Run(words.GetValue(Json)));
        Help.AttachTo(command);
        return command;
    }

    private static int Run(bool json)
    {
        bool healthy = true;
        var findings = new List<Finding>();
        foreach (Finding finding in Checks.All())
        {
            findings.Add(finding);
            healthy &= finding.State != FindingState.Missing;
            if (!json)
                Standard.Output.WriteLine(Line(finding));
        }
        if (json)
            WriteJson(findings, healthy);
        else
            Standard.Output.WriteLine(healthy ? "scry can trace this machine" : "scry cannot trace this machine yet");
        return healthy ? ExitCode.Ok : ExitCode.Failed;
    }

    private static string Line(Finding finding)
    {
        string state = finding.State switch
        {
            FindingState.Ok => "ok",
            FindingState.Optional => "optional",
            _ => "MISSING",
        };
        string mend = finding.Mend is null ? "" : $"; {finding.Mend}";
        return $"{state,-9} {finding.Name,-19} {finding.Found}{mend}";
    }

    private static void WriteJson(IReadOnlyList<Finding> findings, bool healthy)
    {
        using var output = new DescriptorStream(1);
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("healthy", healthy);
            writer.WriteStartArray("checks");
            foreach (Finding finding in findings)
            {
                writer.WriteStartObject();
                writer.WriteString("name", finding.Name);
                writer.WriteString("state", finding.State switch
                {
                    FindingState.Ok => "ok",
                    FindingState.Optional => "optional",
                    _ => "missing",
                });
                writer.WriteString("found", finding.Found);
                if (finding.Mend is not null)
                    writer.WriteString("mend", finding.Mend);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        output.WriteByte((byte)'\n');
    }

    private static readonly HelpPage Help = new(
        "doctor [--json]",
        "Checks what tracing needs, one line each: what was found, and a mend for what is missing.",
        [new HelpGroup("Options", [Json])],
        [("scry doctor", "can this machine be traced?"), ("scry doctor --json | jq .healthy", "the same for a script")],
        ["Exit status: 0 when this machine can be traced, 1 when not."]);
}
