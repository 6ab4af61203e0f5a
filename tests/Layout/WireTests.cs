using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Scry.Wire;
using Xunit;
using ThreadState = Scry.Wire.ThreadState;

namespace Scry.Tests.Layout;

/// <summary>Compiles src/bpf/wire.h and compares it with its mirror, Scry.Wire: each field and each number of either side.</summary>
public sealed partial class WireTests
{
    private static readonly (string C, Type Mirror)[] s_structs =
    [
        ("scry_record", typeof(RecordHeader)), ("scry_call", typeof(CallFixed)), ("scry_capture", typeof(CaptureHeader)),
        ("scry_task", typeof(TaskRecord)), ("scry_signal", typeof(SignalRecord)), ("scry_op", typeof(CaptureOp)),
        ("scry_plan", typeof(CapturePlan)), ("scry_variant_key", typeof(VariantKey)), ("scry_config", typeof(TraceConfig)),
        ("scry_thread", typeof(ThreadSlot)), ("scry_ring", typeof(RingHeader)),
        ("scry_pattern", typeof(PathPattern)), ("scry_segment", typeof(SegmentHeader)), ("scry_group", typeof(GroupHeader)),
        ("scry_flight", typeof(FlightState)), ("scry_given", typeof(GivenUp)), ("scry_control", typeof(FlightControl)), ("scry_clock", typeof(ClockPair)), ("scry_pid_namespace", typeof(PidNamespaceFound)), ("scry_cgroup_level", typeof(CgroupLevelAsked)),
        ("scry_stuck", typeof(StuckRecord)), ("scry_sched_clock", typeof(SchedClock)),
        ("scry_count_key", typeof(CountKey)), ("scry_count_group", typeof(CountGroup)), ("scry_count_text", typeof(CountText)),
        ("scry_count_row", typeof(CountRow)), ("scry_count_chunk", typeof(CountChunk)), ("scry_count_errnos", typeof(CountErrnos)),
        ("scry_count_wrap", typeof(CountWrap)), ("scry_counts", typeof(CountState)),
        ("scry_code", typeof(CodeRange)), ("scry_registers", typeof(CallerRegisters)), ("scry_split", typeof(CallSplit)), ("scry_site", typeof(WaitSite)), ("scry_link", typeof(WakerLink)),
        ("scry_waits", typeof(CallWaits)), ("scry_span", typeof(SpanRecord)), ("scry_sched", typeof(SchedSums)), ("scry_sched_sums", typeof(SchedRecord)),
        ("scry_file", typeof(FileFacts)), ("scry_fd_op", typeof(FdOp)), ("scry_fd_plan", typeof(FdPlan)), ("scry_pids", typeof(PidFacts)),
    ];

    private static readonly (string Prefix, Type Mirror)[] s_numbers =
    [
        ("SCRY_ABI_", typeof(Abi)), ("SCRY_RECORD_", typeof(RecordKind)), ("SCRY_CALL_", typeof(CallFlags)), ("SCRY_TASK_", typeof(TaskFlags)),
        ("SCRY_PHASE_", typeof(CapturePhase)), ("SCRY_OP_", typeof(OpKind)), ("SCRY_OP_", typeof(OpFlags)), ("SCRY_PLAN_", typeof(PlanFlags)),
        ("SCRY_TARGET_", typeof(TargetKind)), ("SCRY_THREAD_", typeof(ThreadState)), ("SCRY_IDLE_", typeof(BellMode)), ("SCRY_LOST_", typeof(LossReason)),
        ("SCRY_GROUP_", typeof(GroupState)), ("SCRY_WHY_", typeof(IncidentCause)), ("SCRY_GIVEN_", typeof(GivenDetail)), ("SCRY_STUCK_", typeof(StuckFlags)),
        ("SCRY_BY_", typeof(CountBy)), ("SCRY_CAPTURE_", typeof(CaptureFlags)), ("SCRY_SPAN_", typeof(SpanFlags)), ("SCRY_LINK_", typeof(LinkFlags)),
        ("SCRY_FILE_", typeof(FileFlags)), ("SCRY_FD_", typeof(FdOpKind)),
    ];

    // The mirror's word for the header's, where they are not the same.
    private static readonly Dictionary<string, string> s_words = new()
    {
        ["OP_BUFFER_LENP"] = "BufferLenPtr", ["IDLE_FULL"] = "HalfFull",
    };

    private static readonly (string C, long Mirror)[] s_limits =
    [
        ("SCRY_WIRE_VERSION", Wire.Layout.Version), ("SCRY_NR_MAX", Wire.Layout.MaxNr), ("SCRY_ABI_COUNT", Wire.Layout.AbiCount),
        ("SCRY_FAR_FIRST", Wire.Layout.FarFirst), ("SCRY_FAR_COUNT", Wire.Layout.FarCount), ("SCRY_FAR_PLACE", Wire.Layout.FarPlace),
        ("SCRY_RING_HEADER", Wire.Layout.RingHeader), ("SCRY_RECORD_MAX", Wire.Layout.MaxRecord), ("SCRY_LOST_REASONS", Wire.Layout.LostReasons),
        ("SCRY_RECORD_KINDS", Wire.Layout.RecordKinds), ("SCRY_MAX_OPS", 8), ("SCRY_MAX_ARGS", 6), ("SCRY_COMM_LEN", 16),
        ("SCRY_SEGMENT_SIZE", Wire.Layout.SegmentSize), ("SCRY_SEGMENT_PAD", Wire.Layout.SegmentPad), ("SCRY_GROUP_PATH", Wire.Layout.GroupPath),
        ("SCRY_LANES", Wire.Layout.Lanes), ("SCRY_GIVENS", Wire.Layout.Givens), ("SCRY_DISPATCH_NS", (long)Wire.Layout.DispatchNs), ("SCRY_DISPATCH_ALONE_NS", (long)Wire.Layout.DispatchAloneNs), ("SCRY_PATTERNS", Wire.Layout.Patterns), ("SCRY_PATTERN_TEXT", Wire.Layout.PatternText),
        ("SCRY_STUCK_FRAMES", Wire.Layout.StuckFrames), ("SCRY_THREAD_PROBES", Wire.Layout.ThreadProbes), ("SCRY_THREAD_STRIDE", Wire.Layout.ThreadStride),
        ("SCRY_COUNT_TEXT", Wire.Layout.CountText), ("SCRY_COUNT_OCTAVES", Wire.Layout.CountOctaves),
        ("SCRY_COUNT_BUCKETS", Wire.Layout.CountBuckets), ("SCRY_COUNT_ERRNOS", Wire.Layout.CountErrnos),
        ("SCRY_COUNT_NR_BITS", Wire.Layout.CountNrBits), ("SCRY_COUNT_NR_MAX", Wire.Layout.CountNrMax), ("SCRY_COUNT_NR_NONE", Wire.Layout.CountNrNone),
        ("SCRY_REGISTERS", Wire.Layout.Registers), ("SCRY_STACK_MAX", Wire.Layout.StackMax), ("SCRY_CALLER_DEPTH", Wire.Layout.CallerDepth),
        ("SCRY_SITES", Wire.Layout.Sites), ("SCRY_SITE_FRAMES", Wire.Layout.SiteFrames), ("SCRY_WAKER_FRAMES", Wire.Layout.WakerFrames), ("SCRY_INTERRUPTS", Wire.Layout.Interrupts), ("SCRY_STATE_IO", Wire.Layout.StateIo),
        ("SCRY_FILE_TEXT", Wire.Layout.FileText), ("SCRY_FILE_ADDRESS", Wire.Layout.FileAddress), ("SCRY_PIDS", Wire.Layout.Pids), ("SCRY_PIDS_SPACES", Wire.Layout.PidSpaces), ("SCRY_FD_OPS", Wire.Layout.FdOps), ("SCRY_FD_MOST", Wire.Layout.FdMost),
        ("SCRY_FD_GENERAL", unchecked((long)Wire.Layout.FdGeneral)),
        ("SCRY_CHAIN", Wire.Layout.Chain), ("SCRY_LINK_FRAMES", Wire.Layout.LinkFrames),
    ];

    [Fact]
    public void EveryFieldLiesWhereItsMirrorDoes()
    {
        string header = Text();
        var wanted = new List<(string Expression, long Value)>();
        foreach ((string c, Type mirror) in s_structs)
        {
            // Plans follow the configuration in one map; the mirror has them beside it.
            string[] fields = [.. Fields(header, c).Where(field => (c, field) != ("scry_config", "plans"))];
            List<(string Name, long Offset)> mirrored = Offsets(mirror, out long size);
            // A mirror of chosen fields says where they lie.
            if (mirror.IsExplicitLayout)
                fields = [.. mirrored.Select(place => Regex.Replace(place.Name, "(?<=[a-z])[A-Z]", "_$0").ToLowerInvariant())];
            Assert.Equal($"{c}: {fields.Length} fields", $"{c}: {mirrored.Count} fields");
            wanted.AddRange(fields.Zip(mirrored, (field, place) => ($"offsetof(struct {c}, {field})", place.Offset)));
            wanted.Add(c == "scry_config" ? ("offsetof(struct scry_config, plans)", size) : ($"sizeof(struct {c})", size));
        }
        AssertEqual(wanted);
    }

    [Fact]
    public void EveryNumberIsItsMirrors()
    {
        string[] names = [.. Define().Matches(Text()).Select(match => match.Groups[1].Value)];
        var wanted = new List<(string Expression, long Value)>();
        var unmatched = new List<string>();
        foreach ((string prefix, Type mirror) in s_numbers)
        {
            foreach (string member in Enum.GetNames(mirror).Where(name => Convert.ToInt64(Enum.Parse(mirror, name), CultureInfo.InvariantCulture) != 0 || mirror.GetCustomAttribute<FlagsAttribute>() is null))
            {
                string? name = names.FirstOrDefault(name => name.StartsWith(prefix, StringComparison.Ordinal) && Word(name) == member.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant());
                if (name is not null)
                    wanted.Add((name, Convert.ToInt64(Enum.Parse(mirror, member), CultureInfo.InvariantCulture)));
                else if (member is not ("None" or "Silent"))
                    unmatched.Add($"{mirror.Name}.{member}");
            }
        }
        Assert.Empty(unmatched);
        wanted.AddRange(s_limits);
        AssertEqual(wanted);
        // What the header has and no mirror needs.
        string[] kernels = ["SCRY_WIRE_H", "SCRY_COUNTS_H", "SCRY_ASSERT", "SCRY_CAPTURE_MAX", "SCRY_EXIT_GROUP_DEAD", "SCRY_CODE_SIZE", "SCRY_CGROUP_PATH"];
        Assert.Empty(names.Except(wanted.Select(number => number.Expression)).Except(kernels));
    }

    // wire.h includes the other.
    private static string Text() => File.ReadAllText(Header) + File.ReadAllText(Path.Combine(Root(), "src", "bpf", "counts.h"));

    private static string Header => Path.Combine(Root(), "src", "bpf", "wire.h");

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    private static string Word(string name) =>
        (s_words.GetValueOrDefault(name[5..]) ?? name[(name.IndexOf('_', 5) + 1)..].Replace("_", "", StringComparison.Ordinal)).ToUpperInvariant();

    private static IEnumerable<string> Fields(string header, string name)
    {
        string body = Regex.Match(header, $@"struct {name} {{(.*?)\n}};", RegexOptions.Singleline).Groups[1].Value;
        body = Regex.Replace(body, @"/\*.*?\*/", "", RegexOptions.Singleline);
        return Regex.Matches(body, @"(\w+)(\[[^\]]*\])?;").Select(match => match.Groups[1].Value);
    }

    /// <summary>Sequential layout as the runtime has it for blittable structs: each field at its own alignment.</summary>
    private static List<(string, long)> Offsets(Type type, out long size)
    {
        var offsets = new List<(string, long)>();
        long at = 0;
        foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            long alignment = Alignment(field.FieldType);
            at = (at + alignment - 1) / alignment * alignment;
            offsets.Add((field.Name, field.GetCustomAttribute<FieldOffsetAttribute>()?.Value ?? at));
            at += SizeOf(field.FieldType);
        }
        size = SizeOf(type);
        return offsets;
    }

    private static long SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static long Alignment(Type type) => type.IsPrimitive || type.IsEnum
        ? SizeOf(type)
        : type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Max(field => Alignment(field.FieldType));

    private static void AssertEqual(List<(string Expression, long Value)> wanted)
    {
        string directory = Directory.CreateTempSubdirectory("scry-wire-").FullName;
        try
        {
            var source = new StringBuilder("#include <stddef.h>\n#include <stdio.h>\n#include <linux/types.h>\n#include \"wire.h\"\nint main(void)\n{\n");
            foreach ((string expression, _) in wanted)
                source.AppendLine(CultureInfo.InvariantCulture, $"\tprintf(\"%lld\\n\", (long long)({expression}));");
            File.WriteAllText(Path.Combine(directory, "print.c"), source.Append("}\n").ToString());
            Run("gcc", $"-I{Path.GetDirectoryName(Header)}", "-o", Path.Combine(directory, "print"), Path.Combine(directory, "print.c"));
            string[] values = Run(Path.Combine(directory, "print")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(values.Zip(wanted, (value, want) => $"{want.Expression} = {value}"), wanted.Select(want => $"{want.Expression} = {want.Value}"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    [GeneratedRegex(@"^#define (SCRY_\w+)", RegexOptions.Multiline)]
    private static partial Regex Define();
}
