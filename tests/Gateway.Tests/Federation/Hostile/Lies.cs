using System.Globalization;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>
/// The ways to lie in a JSON text: at each place in it, the value is left out, is there twice, or is one of <see cref="HostileJson.Values"/>. At each place one
/// of them is tried, in short texts some, and others at the next place. The environment variable LIES says how many at each.
/// </summary>
internal static class Lies
{
    private const int PlacesOfShort = 50;
    private const int PerPlaceOfShort = 3;

    // No divisor of the number of kinds, so that the places' kinds differ.
    private const int Stride = 7;
    private const int Removed = 0;
    private const int Repeated = 1;
    private const int Special = 2;

    private static readonly int s_kinds = Special + HostileJson.Values.Count;

    /// <summary>How many there are in all in this text.</summary>
    public static int CountIn(string json)
    {
        var places = JsonPlace.Of(json).Count;
        return places * PerPlace(places);
    }

    /// <summary>The lie of that number, from 0.</summary>
    public static string Tell(string json, int number)
    {
        var places = JsonPlace.Of(json);
        var perPlace = PerPlace(places.Count);
        var (at, turn) = (number / perPlace % places.Count, number % perPlace);
        return (((at * Stride) + (turn * ((s_kinds / perPlace) + 1))) % s_kinds) switch
        {
            Removed => places[at].Remove(json),
            Repeated => places[at].Repeat(json),
            var kind => places[at].Replace(json, HostileJson.Values[kind - Special]),
        };
    }

    private static int PerPlace(int places) => Environment.GetEnvironmentVariable("LIES") is { } value ? int.Parse(value, CultureInfo.InvariantCulture)
        : places <= PlacesOfShort ? PerPlaceOfShort : 1;
}
