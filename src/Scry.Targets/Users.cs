using System.Globalization;

namespace Scry.Targets;

/// <summary>A user as a process of theirs has it.</summary>
/// <param name="Uid">User id.</param>
/// <param name="Gid">Group id.</param>
/// <param name="Groups">All the groups that the user is in, <paramref name="Gid"/> with them.</param>
public sealed record Account(uint Uid, uint Gid, IReadOnlyList<uint> Groups);

/// <summary>Users by name or number.</summary>
public static class Users
{
    /// <summary>The effective user id of this process.</summary>
    public static uint Own => Native.EffectiveUser();

    /// <summary>The user namespace of this process as the kernel names it: <c>user:[4026531837]</c>; null when /proc does not tell.</summary>
    public static string? Namespace => Native.ReadLink("/proc/self/ns/user");

    /// <summary>Who owns a file or directory; null when it is not there, or may not be looked at.</summary>
    public static uint? OwnerOf(string path) => Native.TryOwner(path, out uint owner) ? owner : null;

    /// <summary>The uid of a user named in passwd(5), or the number itself, which needs no such user.</summary>
    /// <param name="user">A name or a number.</param>
    /// <param name="passwd">The file to look names up in.</param>
    /// <exception cref="TargetException">No user has that name.</exception>
    public static uint Resolve(string user, string passwd = "/etc/passwd")
    {
        if (FindName(user, passwd) is { } found)
            return found;
        // -1 is no user: setresuid(2) keeps it for "leave as it is".
        if (uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) && number != uint.MaxValue)
            return number;
        throw new TargetException($"no user is named '{user}' in {passwd}",
            "give the number that 'id -u' prints for users of a directory service");
    }

    /// <summary>A user of passwd(5) with the groups of group(5).</summary>
    /// <param name="user">The name.</param>
    /// <param name="passwd">The file to look the name up in.</param>
    /// <param name="group">The file to look its groups up in.</param>
    /// <exception cref="TargetException">No user has that name.</exception>
    public static Account FindAccount(string user, string passwd = "/etc/passwd", string group = "/etc/group")
    {
        string[]? fields = Lines(passwd).FirstOrDefault(line => line.Length > 3 && line[0] == user && user.Length > 0);
        if (fields is null || !TryId(fields[2], out uint uid) || !TryId(fields[3], out uint gid))
            throw new TargetException($"no user is named '{user}' in {passwd}", "give a name that it has");
        var groups = new List<uint> { gid };
        foreach (string[] line in Lines(group))
        {
            if (line.Length > 3 && TryId(line[2], out uint id) && !groups.Contains(id) && line[3].Split(',').Contains(user))
                groups.Add(id);
        }
        return new Account(uid, gid, groups);
    }

    private static IEnumerable<string[]> Lines(string file) => File.Exists(file) ? File.ReadLines(file).Select(line => line.Split(':')) : [];

    private static bool TryId(string text, out uint id) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id);

    /// <summary>The names of users by uid, as passwd(5) has them; the first of several. Hostile text.</summary>
    /// <param name="passwd">The file to look names up in.</param>
    public static IReadOnlyDictionary<uint, string> Names(string passwd = "/etc/passwd")
    {
        var names = new Dictionary<uint, string>();
        foreach (string[] fields in Lines(passwd))
        {
            if (fields.Length > 2 && TryId(fields[2], out uint uid))
                names.TryAdd(uid, fields[0]);
        }
        return names;
    }

    private static uint? FindName(string user, string passwd)
    {
        foreach (string[] fields in user.Length == 0 ? [] : Lines(passwd))
        {
            if (fields.Length > 2 && fields[0] == user && TryId(fields[2], out uint uid))
                return uid;
        }
        return null;
    }
}
