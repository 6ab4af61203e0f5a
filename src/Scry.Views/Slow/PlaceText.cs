using System.Globalization;
using Scry.Wire;

namespace Scry.Views.Slow;

/// <summary>A place in code as people read it.</summary>
public static class PlaceText
{
    /// <summary>As <c>main+0x1d at main.c:12 (/usr/bin/prog)</c>; what is inlined says so; hostile text.</summary>
    public static string Of(Place place)
    {
        if (place.End is { } end)
            return $"({end})";
        string offset = place.Function.Length > 0 && place.Offset > 0 && !place.IsInlined ? string.Create(CultureInfo.InvariantCulture, $"+0x{place.Offset:x}") : "";
        string line = place.File is { } file ? string.Create(CultureInfo.InvariantCulture, $" at {Path.GetFileName(file)}:{place.Line}") : "";
        string module = place.Module is { } mapped ? $" ({mapped})" : "";
        return $"{Name(place)}{offset}{(place.IsInlined ? " (inlined)" : "")}{line}{module}";
    }

    /// <summary>The function alone; of an unnamed one its address in its module.</summary>
    public static string Name(Place place) => place.End is { } end ? $"({end})"
        : place.Function.Length > 0 ? place.Function
        : string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(place.Module ?? "?")}+0x{place.Address:x}");
}
