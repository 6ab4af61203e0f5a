using Scry.Wire;

namespace Scry.Stacks;

/// <summary>The places of a run by number: each is there once. There are so many and no more: what comes then is known by its module alone.</summary>
internal sealed class PlaceTable(int most)
{
    /// <summary>So many more are kept for modules, and for why stacks end.</summary>
    private const int MostMore = 4096;

    private readonly Dictionary<Place, uint> _numbers = [];
    private readonly List<Place> _places = [];
    private int _told;

    /// <summary>The number of a place.</summary>
    public uint Number(Place place)
    {
        if (_numbers.TryGetValue(place, out uint number))
            return number;
        if (_places.Count >= most)
        {
            place = _places.Count < most + MostMore && place.End is not null
                ? place
                : new Place("", null, 0, _places.Count < most + MostMore ? place.Module : null, null, 0, 0, false);
            if (_numbers.TryGetValue(place, out number))
                return number;
        }
        number = (uint)_places.Count;
        _numbers.Add(place, number);
        _places.Add(place);
        return number;
    }

    /// <summary>A place by its number.</summary>
    public Place this[uint number] => _places[checked((int)number)];

    /// <summary>Those that were not asked for before.</summary>
    public IReadOnlyList<(uint Number, Place Place)> New()
    {
        var found = new (uint, Place)[_places.Count - _told];
        for (int i = 0; i < found.Length; i++)
            found[i] = ((uint)(_told + i), _places[_told + i]);
        _told = _places.Count;
        return found;
    }
}
