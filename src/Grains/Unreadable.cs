using System.Text.Json;

namespace OrleansMatrix.Grains;

/// <summary>
/// Tells faults of what was to be read or written from faults of the storage or the network: a thing that cannot be read today cannot be read tomorrow, so a
/// queue leaves it out and goes on (ADR 0112).
/// </summary>
internal static class Unreadable
{
    /// <summary>True if trying again with the same bytes would fail again.</summary>
    public static bool Is(Exception fault) => fault is JsonException or InvalidDataException or FormatException or ArgumentException or KeyNotFoundException
        or InvalidOperationException and not ObjectDisposedException;
}
