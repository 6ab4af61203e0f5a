using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>libbpf's and libc's own names; they do not leave this assembly.</summary>
internal static unsafe partial class Libbpf
{
    private const string Lib = "libbpf";
    private const string Libc = "libc";

    /// <summary>struct bpf_object_open_opts of libbpf 1.1.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct bpf_object_open_opts
    {
        public nuint sz;
        public byte* object_name;
        public byte relaxed_maps;
        public byte* pin_root_path;
        public long reserved;
        public byte* kconfig;
        public byte* btf_custom_path;
        public byte* kernel_log_buf;
        public nuint kernel_log_size;
        public uint kernel_log_level;
    }

    /// <summary>struct bpf_test_run_opts of libbpf 1.1.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct bpf_test_run_opts
    {
        public nuint sz;
        public void* data_in;
        public void* data_out;
        public uint data_size_in;
        public uint data_size_out;
        public void* ctx_in;
        public void* ctx_out;
        public uint ctx_size_in;
        public uint ctx_size_out;
        public uint retval;
        public int repeat;
        public uint duration;
        public uint flags;
        public uint cpu;
        public uint batch_size;
    }

    /// <summary>struct bpf_map_batch_opts.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct bpf_map_batch_opts
    {
        public nuint sz;
        public ulong elem_flags;
        public ulong flags;
    }

    /// <summary>struct bpf_prog_info, the members that are read.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 232)]
    public struct bpf_prog_info
    {
        [FieldOffset(0)] public uint type;
        [FieldOffset(4)] public uint id;
        [FieldOffset(16)] public uint jited_prog_len;
        [FieldOffset(64)] public fixed byte name[16];
        [FieldOffset(192)] public ulong run_time_ns;
        [FieldOffset(200)] public ulong run_cnt;
        [FieldOffset(208)] public ulong recursion_misses;
        [FieldOffset(216)] public uint verified_insns;
    }

    /// <summary>struct bpf_map_info, the members that are read.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 88)]
    public struct bpf_map_info
    {
        [FieldOffset(0)] public uint type;
        [FieldOffset(4)] public uint id;
        [FieldOffset(8)] public uint key_size;
        [FieldOffset(12)] public uint value_size;
        [FieldOffset(16)] public uint max_entries;
        [FieldOffset(24)] public fixed byte name[16];
    }

    /// <summary>struct bpf_link_info, the members that are read.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    public struct bpf_link_info
    {
        [FieldOffset(0)] public uint type;
        [FieldOffset(4)] public uint id;
        [FieldOffset(8)] public uint prog_id;
    }

    /// <summary>struct bpf_prog_load_opts of libbpf 1.1.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 104)]
    public struct bpf_prog_load_opts
    {
        [FieldOffset(0)] public nuint sz;
        [FieldOffset(12)] public uint expected_attach_type;
        [FieldOffset(32)] public uint attach_btf_id;
    }

    /// <summary>struct bpf_insn: of registers, the destination in the low four bits, the source above.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct bpf_insn(byte code, byte registers, int imm)
    {
        public byte code = code;
        public byte registers = registers;
        public short off;
        public int imm = imm;
    }

    /// <summary>struct perf_event_attr up to PERF_ATTR_SIZE_VER5.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 112)]
    public struct perf_event_attr
    {
        [FieldOffset(0)] public uint type;
        [FieldOffset(4)] public uint size;
        [FieldOffset(8)] public ulong config;
        [FieldOffset(16)] public ulong sample_period_or_freq;
        [FieldOffset(24)] public ulong sample_type;
        [FieldOffset(40)] public ulong flags;
        [FieldOffset(48)] public uint wakeup_watermark;
        [FieldOffset(92)] public int clockid;
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct poll_fd
    {
        public int fd;
        public short events;
        public short revents;
    }

    /// <summary>struct btf_type of linux/btf.h; what follows it depends on its kind.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct btf_type
    {
        public uint name_off;
        public uint info;
        public uint size_or_type;
    }

    // Under the ordinary runtime (tests) the shared library is asked for by its versioned name; in the
    // published binary libbpf is linked in and this is never called.
    static Libbpf() => NativeLibrary.SetDllImportResolver(typeof(Libbpf).Assembly, static (name, assembly, path) =>
        name == Lib && NativeLibrary.TryLoad("libbpf.so.1", assembly, path, out nint handle) ? handle : 0);

    [LibraryImport(Lib)] public static partial delegate* unmanaged<int, byte*, void*, int> libbpf_set_print(delegate* unmanaged<int, byte*, void*, int> print);
    [LibraryImport(Lib)] public static partial int libbpf_num_possible_cpus();
    [LibraryImport(Lib)] public static partial uint libbpf_major_version();
    [LibraryImport(Lib)] public static partial uint libbpf_minor_version();
    [LibraryImport(Lib, SetLastError = true)] public static partial nint bpf_object__open_mem(byte* buffer, nuint size, bpf_object_open_opts* options);
    [LibraryImport(Lib)] public static partial int bpf_object__load(nint obj);
    [LibraryImport(Lib)] public static partial void bpf_object__close(nint obj);
    [LibraryImport(Lib)] public static partial nint bpf_object__next_program(nint obj, nint previous);
    [LibraryImport(Lib)] public static partial nint bpf_object__next_map(nint obj, nint previous);
    [LibraryImport(Lib)] public static partial byte* bpf_program__name(nint program);
    [LibraryImport(Lib)] public static partial byte bpf_program__autoload(nint program);
    [LibraryImport(Lib)] public static partial int bpf_program__set_autoload(nint program, byte autoload);
    [LibraryImport(Lib)] public static partial int bpf_prog_test_run_opts(int fd, bpf_test_run_opts* options);
    [LibraryImport(Lib, SetLastError = true)] public static partial nint btf__load_vmlinux_btf();
    [LibraryImport(Lib)] public static partial void btf__free(nint btf);
    [LibraryImport(Lib)] public static partial int btf__find_by_name_kind(nint btf, byte* name, uint kind);
    [LibraryImport(Lib)] public static partial btf_type* btf__type_by_id(nint btf, uint id);
    [LibraryImport(Lib)] public static partial byte* btf__name_by_offset(nint btf, uint offset);
    [LibraryImport(Lib)] public static partial int bpf_program__fd(nint program);
    [LibraryImport(Lib)] public static partial int bpf_program__set_log_buf(nint program, byte* buffer, nuint size);
    [LibraryImport(Lib)] public static partial int bpf_program__set_log_level(nint program, uint level);
    [LibraryImport(Lib, SetLastError = true)] public static partial nint bpf_program__attach(nint program);
    [LibraryImport(Lib, SetLastError = true)] public static partial nint bpf_program__attach_iter(nint program, void* options);
    [LibraryImport(Lib)] public static partial byte* bpf_map__name(nint map);
    [LibraryImport(Lib)] public static partial int bpf_map__fd(nint map);
    [LibraryImport(Lib)] public static partial uint bpf_map__type(nint map);
    [LibraryImport(Lib)] public static partial uint bpf_map__key_size(nint map);
    [LibraryImport(Lib)] public static partial uint bpf_map__value_size(nint map);
    [LibraryImport(Lib)] public static partial int bpf_map__set_value_size(nint map, uint size);
    [LibraryImport(Lib)] public static partial uint bpf_map__max_entries(nint map);
    [LibraryImport(Lib)] public static partial int bpf_map__set_max_entries(nint map, uint entries);
    [LibraryImport(Lib)] public static partial byte* bpf_map__initial_value(nint map, nuint* size);
    [LibraryImport(Lib)] public static partial int bpf_link__destroy(nint link);
    [LibraryImport(Lib)] public static partial int bpf_link__fd(nint link);
    [LibraryImport(Lib)] public static partial int bpf_map_update_elem(int fd, byte* key, byte* value, ulong flags);
    [LibraryImport(Lib)] public static partial int bpf_map_lookup_elem(int fd, byte* key, byte* value);
    [LibraryImport(Lib)] public static partial int bpf_map_delete_elem(int fd, byte* key);
    [LibraryImport(Lib)] public static partial int bpf_map_get_next_key(int fd, byte* key, byte* next);
    [LibraryImport(Lib)] public static partial int bpf_map_lookup_and_delete_elem(int fd, byte* key, byte* value);
    [LibraryImport(Lib)] public static partial int bpf_map_lookup_batch(int fd, byte* from, byte* next, byte* keys, byte* values, uint* count, bpf_map_batch_opts* options);
    [LibraryImport(Lib)] public static partial int bpf_map_update_batch(int fd, byte* keys, byte* values, uint* count, bpf_map_batch_opts* options);
    [LibraryImport(Lib)] public static partial int bpf_map_delete_batch(int fd, byte* keys, uint* count, bpf_map_batch_opts* options);
    [LibraryImport(Lib)] public static partial int bpf_map_freeze(int fd);
    [LibraryImport(Lib)] public static partial int bpf_map__reuse_fd(nint map, int fd);
    [LibraryImport(Lib)] public static partial int bpf_map__set_inner_map_fd(nint map, int fd);
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)] public static partial int bpf_obj_pin(int fd, string path);
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)] public static partial int bpf_obj_get(string path);
    [LibraryImport(Lib)] public static partial int bpf_obj_get_info_by_fd(int fd, void* info, uint* length);
    [LibraryImport(Lib)] public static partial int bpf_enable_stats(int type);
    [LibraryImport(Lib)] public static partial int bpf_prog_get_next_id(uint id, uint* next);
    [LibraryImport(Lib)] public static partial int bpf_map_get_next_id(uint id, uint* next);
    [LibraryImport(Lib)] public static partial int bpf_link_get_next_id(uint id, uint* next);
    [LibraryImport(Lib)] public static partial int bpf_prog_get_fd_by_id(uint id);
    [LibraryImport(Lib)] public static partial int bpf_map_get_fd_by_id(uint id);
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)] public static partial nint bpf_link__open(string path);
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)] public static partial int bpf_link__pin(nint link, string path);
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)] public static partial nint bpf_program__attach_tracepoint(nint program, string category, string name);
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)] public static partial nint bpf_program__attach_raw_tracepoint(nint program, string name);
    [LibraryImport(Lib, SetLastError = true)] public static partial nint bpf_program__attach_perf_event(nint program, int fd);
    [LibraryImport(Lib)] public static partial void bpf_link__disconnect(nint link);
    [LibraryImport(Lib)] public static partial int bpf_link_detach(int fd);
    [LibraryImport(Lib)] public static partial int bpf_link_get_fd_by_id(uint id);
    [LibraryImport(Lib)] public static partial int bpf_iter_create(int link);
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)] public static partial int bpf_program__set_attach_target(nint program, int programFd, string function);
    [LibraryImport(Lib)] public static partial int bpf_prog_load(uint type, byte* name, byte* license, bpf_insn* instructions, nuint count, bpf_prog_load_opts* options);
    [LibraryImport(Lib)] public static partial int bpf_map_create(uint type, byte* name, uint keySize, uint valueSize, uint entries, void* options);
    [LibraryImport(Lib)] public static partial int bpf_raw_tracepoint_open(byte* name, int programFd);
    [LibraryImport(Lib, SetLastError = true)] public static partial nint ring_buffer__new(int fd, delegate* unmanaged<void*, void*, nuint, int> sample, void* context, void* options);
    [LibraryImport(Lib)] public static partial void ring_buffer__free(nint ring);
    [LibraryImport(Lib)] public static partial int ring_buffer__poll(nint ring, int timeout);
    [LibraryImport(Lib)] public static partial int ring_buffer__consume(nint ring);

    [LibraryImport(Libc, SetLastError = true)] public static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);
    [LibraryImport(Libc)] public static partial int munmap(void* address, nuint length);
    [LibraryImport(Libc, SetLastError = true)] public static partial nint read(int fd, byte* buffer, nuint count);
    [LibraryImport(Libc)] public static partial int close(int fd);
    [LibraryImport(Libc)] public static partial int poll(poll_fd* events, nuint count, int timeout);
    [LibraryImport(Libc)] public static partial nint sysconf(int name);
    [LibraryImport(Libc, SetLastError = true)] public static partial int clock_getres(int clock, long* resolution);
    [LibraryImport(Libc, SetLastError = true)] public static partial int clock_gettime(int clock, long* time);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mount(string source, string target, string type, ulong flags, void* data);
    [LibraryImport(Libc, SetLastError = true)] public static partial nint syscall(nint number, void* a, nint b, nint c, nint d, nint e);
    [LibraryImport(Libc)] public static partial int vsnprintf(byte* buffer, nuint size, byte* format, void* arguments);

    /// <summary>A borrowed C string as text.</summary>
    public static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";
}
