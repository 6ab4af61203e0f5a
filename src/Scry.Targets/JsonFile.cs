using System.Text.Json;

namespace Scry.Targets;

/// <summary>Small JSON files that others write: what is malformed, too large or of another shape reads as nothing.</summary>
internal static class JsonFile
{
    private const int MaxBytes = 1 << 20;

    /// <summary>What <paramref name="read"/> makes of the file's root; null when the file cannot be had.</summary>
    public static T? Read<T>(string path, Func<JsonElement, T?> read)
        where T : class
    {
        try
        {
            // Opening a pipe would wait for its writer.
            if (!Native.IsFile(path))
                return null;
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (file.Length > MaxBytes)
                return null;
            byte[] bytes = new byte[file.Length];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            using JsonDocument document = JsonDocument.Parse(bytes.AsMemory(0, length));
            return read(document.RootElement);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            // InvalidOperationException is half of a surrogate pair in the name of a member.
            return null;
        }
    }

    /// <summary>A member; one of no kind when this is no object or has none.</summary>
    public static JsonElement Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement member) ? member : default;

    /// <summary>The elements of an array; none of anything else.</summary>
    public static IEnumerable<JsonElement> Elements(this JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : [];

    /// <summary>A string that is not empty; null of anything else.</summary>
    public static string? Text(this JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String && element.GetString() is { Length: > 0 } text ? text : null;
        }
        catch (InvalidOperationException)
        {
            // It is not Unicode: half of a surrogate pair.
            return null;
        }
    }
}
