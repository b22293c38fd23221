using System.Text.Json;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains;

/// <summary>Checks of the optional members of a request's objects: M_BAD_JSON where one has the wrong type. One that is null counts as absent.</summary>
internal static class OptionalMembers
{
    public static MatrixError? Booleans(JsonElement json, params ReadOnlySpan<string> names) =>
        Check(json, "a boolean", static value => value.ValueKind is JsonValueKind.True or JsonValueKind.False, names);

    public static MatrixError? Strings(JsonElement json, params ReadOnlySpan<string> names) =>
        Check(json, "a string", static value => value.ValueKind == JsonValueKind.String, names);

    public static MatrixError? Numbers(JsonElement json, params ReadOnlySpan<string> names) =>
        Check(json, "a number", static value => value.ValueKind == JsonValueKind.Number, names);

    /// <summary>Integers that are not negative.</summary>
    public static MatrixError? Counts(JsonElement json, params ReadOnlySpan<string> names) =>
        Check(json, "an integer that is not negative", static value => JsonBytes.TryGetInteger(value, out var number) && number >= 0, names);

    public static MatrixError? Objects(JsonElement json, params ReadOnlySpan<string> names) =>
        Check(json, "an object", static value => value.ValueKind == JsonValueKind.Object, names);

    public static MatrixError? Lists(JsonElement json, params ReadOnlySpan<string> names) =>
        Check(json, "a list", static value => value.ValueKind == JsonValueKind.Array, names);

    private static MatrixError? Check(JsonElement json, string expected, Func<JsonElement, bool> isRight, ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null && !isRight(value))
                return MatrixError.BadJson($"'{name}' must be {expected}");
        }

        return null;
    }
}
