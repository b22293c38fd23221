using System.Globalization;

namespace Orleans.Runtime;

/// <summary>How keys that are no strings are written.</summary>
public static class GrainIdKeyExtensions
{
    /// <summary>A GUID key: 32 digits.</summary>
    public static IdSpan CreateGuidKey(Guid key) => IdSpan.Create(key.ToString("N"));

    /// <summary>An integer key: hexadecimal.</summary>
    public static IdSpan CreateIntegerKey(long key) => IdSpan.Create(key.ToString("X", CultureInfo.InvariantCulture));

    /// <summary>The GUID of an id.</summary>
    /// <exception cref="ArgumentException">The key is no GUID.</exception>
    public static Guid GetGuidKey(this GrainId grainId) => Guid.TryParseExact(grainId.Key.Text, "N", out var key)
        ? key
        : throw new ArgumentException($"The key of {grainId} is not a Guid.", nameof(grainId));

    /// <summary>The integer of an id.</summary>
    /// <exception cref="ArgumentException">The key is no integer.</exception>
    public static long GetIntegerKey(this GrainId grainId) =>
        long.TryParse(grainId.Key.Text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var key)
            ? key
            : throw new ArgumentException($"The key of {grainId} is not an integer.", nameof(grainId));
}
