namespace Scry.Syscalls;

/// <summary>Bytes that a type takes in memory.</summary>
internal static class TypeSizes
{
    public static int Of(TypeNode node, bool ia32) => node.Kind switch
    {
        TypeKind.Struct => new StructRow(node.A, ia32).Size,
        TypeKind.Int => node.A != 0 ? node.A : ia32 ? 4 : 8,
        TypeKind.Enum or TypeKind.Flags => node.B,
        TypeKind.Uid16 or TypeKind.Gid16 or TypeKind.Port => 2,
        TypeKind.Addr or TypeKind.Time or TypeKind.Handler or TypeKind.OldSigSet => ia32 ? 4 : 8,
        TypeKind.Rlim or TypeKind.SigSetWord => 8,
        TypeKind.CharArray => node.A,
        _ => 4,
    };
}
