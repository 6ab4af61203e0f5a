using Scry.Wire;

namespace Scry.Syscalls;

// What stands behind pointers in memory: members that are pointers, arrays of pointers, as the types of the arguments have them.
public static partial class CapturePlans
{
    private static void Follow(List<CaptureFollow> follows, TypeNode node, int register, int table, bool payload)
    {
        if (node.Kind != TypeKind.Ptr || !IsFollowed(new TypeNode(node.A), table, 0))
            return;
        var way = new CaptureFollow { Arg = (byte)register, Elements = new CaptureCount(FollowCount.Constant, 0, 1) };
        if (node.Count == CountKind.Bytes)
            way.Limit = (byte)(node.C + 1);
        Behind(follows, node, way, 0, table, payload);
    }

    // Most types hold no pointers; a structure may point to its like.
    private static bool IsFollowed(TypeNode node, int table, int depth)
    {
        if (IsPointer(node.Kind))
            return true;
        if (node.Kind != TypeKind.Struct || depth > 4)
            return false;
        var layout = new StructRow(node.A, table);
        for (int i = 0; i < layout.FieldCount; i++)
        {
            if (IsFollowed(new TypeNode(layout.Field(i).Type), table, depth + 1))
                return true;
        }
        return false;
    }

    private static bool IsPointer(TypeKind kind) => kind is TypeKind.Ptr or TypeKind.Path or TypeKind.Str or TypeKind.Buf or TypeKind.Iovec or TypeKind.SockAddr;

    // What the elements point to that a pointer leads to.
    private static void Behind(List<CaptureFollow> follows, TypeNode pointer, CaptureFollow way, int members, int table, bool payload)
    {
        if (way.Hops == CaptureFollow.MostHops)
            return;
        var element = new TypeNode(pointer.A);
        if (pointer.Count is not (CountKind.One or CountKind.Bytes) && (pointer.Count != CountKind.Constant || pointer.C != 1))
        {
            // An array in each element of another: of the inner one the first alone.
            if (way.Loop == 0)
            {
                way.Loop = (byte)(way.Hops + 1);
                way.Stride = (uint)TypeSizes.Of(element, table);
                way.Elements = CountOf(pointer, members);
            }
        }
        if (element.Kind == TypeKind.Struct)
            Members(follows, element.A, way, 0, pointer.Way, table, payload);
        else if (IsPointer(element.Kind))
            Target(follows, element, way, 0, (byte)TypeSizes.Word(table), 0, pointer.Way, table, payload);
    }

    private static void Members(List<CaptureFollow> follows, int id, CaptureFollow way, int at, Direction outer, int table, bool payload)
    {
        var layout = new StructRow(id, table);
        for (int i = 0; i < layout.FieldCount; i++)
        {
            FieldRow field = layout.Field(i);
            var node = new TypeNode(field.Type);
            CaptureFollow own = way;
            if (field.ConditionOp != 0 && field.ConditionSize <= 8 && field.ConditionMask >> 32 is 0 or uint.MaxValue)
            {
                own.Test = (byte)field.ConditionOp;
                own.TestWide = (byte)field.ConditionSize;
                own.TestOffset = (ushort)(at + field.ConditionOffset);
                own.TestMask = (uint)field.ConditionMask;
                own.TestValue = (uint)field.ConditionValue;
            }
            for (int n = 0; n < Math.Clamp(field.Array, 1, 8); n++)
            {
                int offset = at + field.Offset + n * field.Size;
                if (node.Kind == TypeKind.Struct)
                    Members(follows, node.A, own, offset, outer, table, payload);
                else if (IsPointer(node.Kind))
                    Target(follows, node, own, offset, (byte)field.Size, at, outer, table, payload);
            }
        }
    }

    // What the pointer at that offset points to, and what that points to.
    private static void Target(List<CaptureFollow> follows, TypeNode node, CaptureFollow way, int offset, byte wide, int members, Direction outer, int table, bool payload)
    {
        way.Wide[way.Hops] = wide;
        way.Offset[way.Hops] = (ushort)offset;
        way.Hops++;
        // The pointers in what a call leaves are not there before.
        way.Flags = outer is Direction.Out ? OpFlags.AtExit : When(node.Way);
        way.Kind = OpKind.Fixed;
        way.Length = CountOf(node, members);
        way.Size = 1;
        switch (node.Kind)
        {
            case TypeKind.Path:
                way.Kind = OpKind.String;
                break;
            case TypeKind.Str:
                way.Kind = OpKind.String;
                way.Flags |= OpFlags.Data;
                break;
            case TypeKind.Buf:
                way.Flags |= OpFlags.Data;
                break;
            case TypeKind.Iovec:
                way.Kind = OpKind.Iovec;
                break;
            case TypeKind.Ptr:
                way.Size = (uint)TypeSizes.Of(new TypeNode(node.A), table);
                break;
        }
        if (follows.Count < FollowTable.Most && (payload || node.Kind is not (TypeKind.Buf or TypeKind.Iovec)))
            follows.Add(way);
        if (node.Kind == TypeKind.Ptr)
            Behind(follows, node, way with { Test = 0 }, members, table, payload);
    }

    private static CaptureCount CountOf(TypeNode node, int members) => node.Kind is TypeKind.Path or TypeKind.Str ? default : node.Count switch
    {
        CountKind.Register => new CaptureCount(FollowCount.Arg, 0, (ushort)node.C),
        CountKind.Result => new CaptureCount(FollowCount.Result, 0, 0),
        CountKind.Member => new CaptureCount(FollowCount.Member, (byte)(node.C >> 16), (ushort)(members + (node.C & 0xffff))),
        CountKind.Constant => new CaptureCount(FollowCount.Constant, 0, (ushort)node.C),
        _ => new CaptureCount(FollowCount.Constant, 0, 1),
    };
}
