namespace Scry.Syscalls;

/// <summary>Bytes that a type takes in memory.</summary>
internal static class TypeSizes
{
    public static int Of(TypeNode node, int table) => node.Kind switch
    {
        TypeKind.Struct => new StructRow(node.A, table).Size,
        TypeKind.Int => node.A != 0 ? node.A : Word(table),
        TypeKind.Enum or TypeKind.Flags => node.B,
        TypeKind.Uid16 or TypeKind.Gid16 or TypeKind.Port => 2,
        TypeKind.Addr or TypeKind.Time or TypeKind.Handler or TypeKind.OldSigSet or TypeKind.Path or TypeKind.Str or TypeKind.Buf or TypeKind.Ptr or TypeKind.Iovec or TypeKind.StrV or TypeKind.EnvP => Word(table),
        TypeKind.Rlim or TypeKind.SigSetWord => 8,
        TypeKind.CharArray => node.A,
        _ => 4,
    };

    /// <summary>Bytes of a pointer, and of C's long.</summary>
    public static int Word(int table) => AbiTable.Is32Bit(table) ? 4 : 8;
}
