using System.Text.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>Reads one power level as the room version spells them.</summary>
internal static class PowerLevelNumber
{
    /// <summary>
    /// False when the value is no power level. Before v10 a string of an integer is one ("m.room.power_levels events accept values as
    /// strings"), before v6 a float is one, cut off at its point. Levels beyond 64 bits become the largest ones: before v6 nothing bounds them.
    /// </summary>
    public static bool TryRead(JsonElement value, RoomVersion version, out long level)
    {
        level = 0;
        return value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetInt64(out level) || (version.FloatPowerLevels && TryReadFloat(value, out level)),
            JsonValueKind.String => !version.IntegerPowerLevels && TryReadString(value.GetString(), out level),
            _ => false,
        };
    }

    private static bool TryReadFloat(JsonElement value, out long level)
    {
        level = 0;
        if (!value.TryGetDouble(out var number) || !double.IsFinite(number))
            return false;
        level = Clamp(number);
        return true;
    }

    private static bool TryReadString(ReadOnlySpan<char> text, out long level)
    {
        level = 0;
        text = text.Trim();
        var negative = text.StartsWith('-');
        if (negative || text.StartsWith('+'))
            text = text[1..];
        if (text.IsEmpty || text.ContainsAnyExceptInRange('0', '9'))
            return false;
        foreach (var digit in text)
        {
            level = (level * 10) + (digit - '0');
            if (level > Limit)
                level = Limit;
        }

        level = negative ? -level : level;
        return true;
    }

    // So that ten times it still fits, and that nobody's level reaches that of a creator.
    private const long Limit = long.MaxValue / 16;

    private static long Clamp(double number) => (long)Math.Clamp(Math.Truncate(number), -(double)Limit, Limit);
}
