using System.Runtime.InteropServices;
using System.Text;

namespace Scry.Bpf;

/// <summary>A parameter of a kernel function: its name, and its type spelled as in C.</summary>
public readonly record struct BtfParameter(string Name, string Type);

/// <summary>A member of a structure.</summary>
/// <param name="Name">Its name; empty for an unnamed structure or union, whose members follow with their own offsets.</param>
/// <param name="Type">Its type, spelled as in C.</param>
/// <param name="OffsetBits">Bits from the structure's start.</param>
/// <param name="SizeBits">Bits of a bit field; 0 for others.</param>
public readonly record struct BtfMember(string Name, string Type, uint OffsetBits, uint SizeBits);

/// <summary>The running kernel's types (/sys/kernel/btf/vmlinux).</summary>
public sealed unsafe class KernelBtf : SafeHandle
{
    // <linux/btf.h>: BTF_KIND_*
    private const uint KindInt = 1, KindPtr = 2, KindArray = 3, KindStruct = 4, KindUnion = 5, KindEnum = 6, KindTypedef = 8,
        KindVolatile = 9, KindConst = 10, KindRestrict = 11, KindFunc = 12, KindFuncProto = 13, KindTypeTag = 18, KindEnum64 = 19;
    private const int DepthMost = 16;

    private KernelBtf()
        : base(0, ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Reads the kernel's types; takes some milliseconds.</summary>
    /// <exception cref="NativeException">The kernel has none (CONFIG_DEBUG_INFO_BTF).</exception>
    public static KernelBtf Load()
    {
        LibbpfLog.Install();
        var btf = new KernelBtf();
        btf.handle = NativeException.Check(Libbpf.btf__load_vmlinux_btf(), "btf__load_vmlinux_btf");
        return btf;
    }

    /// <summary>Whether there is a struct of that name.</summary>
    public bool HasStruct(string name) => Find(name, KindStruct) > 0;

    /// <summary>Whether there is a type of that name: a struct, union, enum or typedef.</summary>
    public bool HasType(string name) =>
        Find(name, KindStruct) > 0 || Find(name, KindUnion) > 0 || Find(name, KindEnum) > 0 || Find(name, KindEnum64) > 0 || Find(name, KindTypedef) > 0;

    /// <summary>The members of a struct, in order, those of its unnamed parts included.</summary>
    /// <returns>False when the kernel has no struct of that name.</returns>
    public bool TryGetMembers(string structure, out BtfMember[] members)
    {
        int id = Find(structure, KindStruct);
        var found = new List<BtfMember>();
        if (id > 0)
            AddMembers((uint)id, 0, found, 0);
        members = [.. found];
        return id > 0;
    }

    /// <summary>Whether a struct has a member of that name, in its unnamed parts too.</summary>
    /// <returns>False also when the kernel has no struct of that name.</returns>
    public bool HasMember(string structure, string member) =>
        TryGetMembers(structure, out BtfMember[] members) && Array.Exists(members, one => one.Name == member);

    /// <summary>Bytes of a struct.</summary>
    /// <returns>False when the kernel has no struct of that name.</returns>
    public bool TryGetSize(string structure, out uint size)
    {
        int id = Find(structure, KindStruct);
        // SAFETY: the id is of this BTF, which outlives the call.
        size = id > 0 ? Type((uint)id)->size_or_type : 0;
        return id > 0;
    }

    /// <summary>The return type of a function, spelled as in C.</summary>
    /// <returns>False when the kernel has no function of that name.</returns>
    public bool TryGetReturnType(string function, out string type)
    {
        type = "";
        int id = Find(function, KindFunc);
        if (id <= 0)
            return false;
        // SAFETY: as TryGetParameters.
        Libbpf.btf_type* prototype = Type(Type((uint)id)->size_or_type);
        if (Kind(prototype) != KindFuncProto)
            return false;
        type = Spell(prototype->size_or_type, 0);
        return true;
    }

    /// <summary>The parameters of a function, in order.</summary>
    /// <returns>False when the kernel has no function of that name.</returns>
    public bool TryGetParameters(string function, out BtfParameter[] parameters)
    {
        parameters = [];
        int id = Find(function, KindFunc);
        if (id <= 0)
            return false;
        // SAFETY: ids come from this BTF; libbpf checked at load that a FUNC refers to a FUNC_PROTO and that
        // as many parameters (name offset, type: 8 bytes each) follow it as its info says.
        Libbpf.btf_type* prototype = Type(Type((uint)id)->size_or_type);
        if (Kind(prototype) != KindFuncProto)
            return false;
        uint* list = (uint*)(prototype + 1);
        parameters = new BtfParameter[prototype->info & 0xffff];
        for (int i = 0; i < parameters.Length; i++)
            parameters[i] = new BtfParameter(Name(list[2 * i]), Spell(list[2 * i + 1], 0));
        return true;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Libbpf.btf__free(handle);
        return true;
    }

    private int Find(string name, uint kind)
    {
        // SAFETY: the name is NUL-ended and only read during the call.
        fixed (byte* text = Encoding.UTF8.GetBytes(name + "\0"))
            return Libbpf.btf__find_by_name_kind(handle, text, kind);
    }

    private void AddMembers(uint id, uint offset, List<BtfMember> found, int depth)
    {
        // SAFETY: libbpf checked at load that as many members (name, type, offset: 12 bytes) follow a STRUCT or UNION as its info
        // says. The top bit of info makes an offset 24 bits of place and 8 of size.
        Libbpf.btf_type* type = Type(id);
        bool fields = type->info >> 31 != 0;
        uint* list = (uint*)(type + 1);
        for (uint i = 0; i < (type->info & 0xffff); i++, list += 3)
        {
            uint place = offset + (fields ? list[2] & 0xffffff : list[2]);
            string name = Name(list[0]);
            found.Add(new BtfMember(name, Spell(list[1], 0), place, fields ? list[2] >> 24 : 0));
            if (name.Length == 0 && depth < DepthMost && Kind(Type(list[1])) is KindStruct or KindUnion)
                AddMembers(list[1], place, found, depth + 1);
        }
    }

    private Libbpf.btf_type* Type(uint id) => Libbpf.btf__type_by_id(handle, id);

    private string Name(uint offset) => Libbpf.Text(Libbpf.btf__name_by_offset(handle, offset));

    // SAFETY (also of Spell): type points into this BTF, which outlives the call.
    private static uint Kind(Libbpf.btf_type* type) => type->info >> 24 & 0x1f;

    private string Spell(uint id, int depth)
    {
        Libbpf.btf_type* type = Type(id);
        if (id == 0 || type == null)
            return "void";
        if (depth > DepthMost)
            return "…";
        string name = Name(type->name_off);
        return Kind(type) switch
        {
            KindPtr => Spell(type->size_or_type, depth + 1) + " *",
            KindConst => "const " + Spell(type->size_or_type, depth + 1),
            KindVolatile or KindRestrict or KindTypeTag => Spell(type->size_or_type, depth + 1),
            KindStruct => "struct " + name,
            KindUnion => "union " + name,
            KindEnum or KindEnum64 => "enum " + name,
            // The element type and length stand behind it: three words.
            KindArray => $"{Spell(((uint*)(type + 1))[0], depth + 1)}[{((uint*)(type + 1))[2]}]",
            KindFuncProto => "void",
            KindInt or KindTypedef => name,
            _ => name,
        };
    }
}
