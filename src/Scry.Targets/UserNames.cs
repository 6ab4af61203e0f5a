using System.Globalization;

namespace Scry.Targets;

/// <summary>Names of users by number, from passwd(5): read when first asked, and again when an unknown one turns up, once a second at most.</summary>
/// <param name="passwd">The file.</param>
public sealed class UserNames(string passwd = "/etc/passwd")
{
    private const long RereadMs = 1000;

    private readonly Dictionary<uint, string> _names = [];
    private long _readAt = long.MinValue;

    /// <summary>The first name of a number; null when it has none there. Hostile text.</summary>
    public string? Find(uint uid)
    {
        if (_names.TryGetValue(uid, out string? name))
            return name;
        long now = Environment.TickCount64;
        if (_readAt != long.MinValue && now - _readAt < RereadMs)
            return null;
        _readAt = now;
        Read();
        return _names.GetValueOrDefault(uid);
    }

    private void Read()
    {
        try
        {
            foreach (string line in File.ReadLines(passwd))
            {
                string[] fields = line.Split(':');
                if (fields.Length > 2 && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint uid))
                    _names.TryAdd(uid, fields[0]);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Numbers serve too.
        }
    }
}
