using System.Text;
using System.Text.Json;
using Json.Schema;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Conformance;

/// <summary>Every line of real runs is what docs/scry.schema.json says.</summary>
public sealed class SchemaTests
{
    private static readonly string s_file = Path.Combine(ScryBinary.Repository, "docs/scry.schema.json");
    private static readonly JsonSchema s_schema = JsonSchema.FromText(File.ReadAllText(s_file));
    private static readonly Dictionary<string, HashSet<string>> s_members = Members();

    [Fact]
    public void CallsOfEachKind()
    {
        using Cases.CaseProgram program = Cases.CaseProgram.Compile(0, some: 7);
        Check("trace", ["--", program.Path, program.Directory], "call", "signal", "exit", "task", "summary");
    }

    [Theory]
    [InlineData("cat /etc/passwd | sort | wc -l; ls -lR /etc >/dev/null; kill -SEGV $$")]
    [InlineData("printf '\\377\\376' | cat >/dev/null; sleep 0.01; git --version; python3 -c 'import socket; socket.create_server((\"127.0.0.1\", 0))'")]
    public void Programs(string script) => Check("trace", ["--show-cgroup", "--", "sh", "-c", script], "call", "exit", "task", "summary");

    [Fact]
    public void WhatIsStillInACall()
    {
        using Child sleeper = Child.Start("sleep", ["60"]);
        Eventually.Sleeps(sleeper.Id);
        Check("stuck", ["-p", $"{sleeper.Id}", "--over", "0"], "stuck", "summary");
    }

    [Fact]
    public void TheSchemaRefusesWhatIsWrong()
    {
        string[] wrong =
        [
            """{"type":"call","time":"1.000000000","pid":1,"tid":1,"name":"read","nr":0,"abi":"x86-64","args":{}}""",
            """{"type":"call","time":"1.000000000","pid":1,"tid":1,"name":"read","nr":0,"abi":"x86-64","args":{"fd":1.5},"result":0}""",
            """{"type":"call","time":1,"pid":1,"tid":1,"name":"read","nr":0,"abi":"x86-64","args":{},"result":0}""",
            """{"type":"exit","time":"1.000000000","pid":1,"tid":1,"process_ended":true}""",
            """{"type":"nothing"}""",
        ];
        Assert.All(wrong, line => Assert.False(s_schema.Evaluate(JsonDocument.Parse(line).RootElement).IsValid, line));
    }

    private static void Check(string command, string[] words, params string[] kinds)
    {
        using var workspace = new Workspace();
        Finished run = Child.Run(ScryBinary.Path, [command, "--json", "-q", "-o", workspace["json"], .. words]);
        Assert.True(File.Exists(workspace["json"]), run.Error);
        var seen = new HashSet<string>();
        foreach (string line in File.ReadLines(workspace["json"], Encoding.UTF8))
        {
            using JsonDocument document = JsonDocument.Parse(line, new JsonDocumentOptions { AllowDuplicateProperties = false });
            string kind = document.RootElement.GetProperty("type").GetString()!;
            seen.Add(kind);
            if (!s_schema.Evaluate(document.RootElement).IsValid)
                Assert.Fail($"{Why(document.RootElement)}\n{line}");
            // The schema lets members be added; whoever adds one describes it.
            foreach (JsonProperty member in document.RootElement.EnumerateObject())
                Assert.True(s_members[kind].Contains(member.Name), $"the schema has no {member.Name} of a {kind}");
        }
        Assert.Equal([], kinds.Except(seen));
    }

    private static string Why(JsonElement line)
    {
        EvaluationResults results = s_schema.Evaluate(line, new EvaluationOptions { OutputFormat = OutputFormat.List });
        // Of the alternatives that a value has, one need hold.
        return string.Join('\n', (results.Details ?? []).Where(detail => detail.Errors is not null && !$"{detail.EvaluationPath}".Contains("anyOf", StringComparison.Ordinal))
            .SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation} {detail.EvaluationPath}: {error.Value}")));
    }

    private static Dictionary<string, HashSet<string>> Members()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(s_file));
        return document.RootElement.GetProperty("$defs").EnumerateObject().Where(kind => kind.Value.TryGetProperty("properties", out _))
            .ToDictionary(kind => kind.Name, kind => kind.Value.GetProperty("properties").EnumerateObject().Select(member => member.Name).ToHashSet());
    }
}
