using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// Reads the members of a JSON object that a client sent, and keeps the first thing that is wrong with one of them: read them all, then look at
/// <see cref="Error"/>. A member that is null counts as missing.
/// </summary>
public sealed class BodyFields(JsonElement json, string path = "")
{
    /// <summary>The object.</summary>
    public JsonElement Json { get; } = json;

    /// <summary>M_BAD_JSON for a wrong type, M_MISSING_PARAM for a missing member, M_INVALID_PARAM for a wrong value; null while all is well.</summary>
    public MatrixError? Error { get; private set; }

    /// <summary>A string that must be there; empty with <see cref="Error"/> set if it is not.</summary>
    public string String(string name, int maxBytes = 64 * 1024)
    {
        if (OptionalString(name, maxBytes) is { } value)
            return value;
        Fail(MatrixError.MissingParam($"Missing required key '{path}{name}'"));
        return "";
    }

    /// <summary>A string, or null if it is not there. NUL characters are refused: not every database keeps them.</summary>
    public string? OptionalString(string name, int maxBytes = 64 * 1024)
    {
        if (!TryMember(name, out var member))
            return null;
        if (member.ValueKind != JsonValueKind.String)
            return WrongType<string>(name, "a string");
        var value = member.GetString()!;
        if (!value.Contains('\0') && (value.Length <= maxBytes / 3 || Encoding.UTF8.GetByteCount(value) <= maxBytes))
            return value;
        Fail(MatrixError.InvalidParam($"'{path}{name}' has a NUL character or is longer than {maxBytes} bytes"));
        return null;
    }

    /// <summary>A boolean, or null if it is not there.</summary>
    public bool? OptionalBool(string name) => !TryMember(name, out var member) ? null : member.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => WrongValueType<bool>(name, "a boolean"),
    };

    /// <summary>A boolean that must be there.</summary>
    public bool Bool(string name)
    {
        if (OptionalBool(name) is { } value)
            return value;
        Fail(MatrixError.MissingParam($"Missing required key '{path}{name}'"));
        return false;
    }

    /// <summary>An integer, or null if it is not there.</summary>
    public long? OptionalInteger(string name) => !TryMember(name, out var member) ? null
        : member.ValueKind == JsonValueKind.Number && member.TryGetInt64(out var value) ? value
        : WrongValueType<long>(name, "an integer");

    /// <summary>An object to read further, or null if it is not there. Its own <see cref="Error"/> must be looked at too.</summary>
    public BodyFields? OptionalObject(string name) => !TryMember(name, out var member) ? null
        : member.ValueKind == JsonValueKind.Object ? new BodyFields(member, $"{path}{name}.")
        : WrongType<BodyFields>(name, "an object");

    /// <summary>A list of strings, or null if it is not there.</summary>
    public IReadOnlyList<string>? OptionalStrings(string name, int maxCount = 1000)
    {
        if (!TryMember(name, out var member))
            return null;
        if (member.ValueKind != JsonValueKind.Array || member.GetArrayLength() > maxCount)
            return WrongType<IReadOnlyList<string>>(name, $"a list of at most {maxCount} strings");
        var values = new List<string>(member.GetArrayLength());
        foreach (var item in member.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || item.GetString() is not { } value || value.Contains('\0'))
                return WrongType<IReadOnlyList<string>>(name, "a list of strings");
            values.Add(value);
        }

        return values;
    }

    /// <summary>Records an error, unless there is one already.</summary>
    public void Fail(MatrixError error) => Error ??= error;

    private bool TryMember(string name, out JsonElement member) =>
        Json.TryGetProperty(name, out member) && member.ValueKind != JsonValueKind.Null;

    private T? WrongType<T>(string name, string expected)
        where T : class
    {
        Fail(MatrixError.BadJson($"'{path}{name}' must be {expected}"));
        return null;
    }

    private T? WrongValueType<T>(string name, string expected)
        where T : struct
    {
        Fail(MatrixError.BadJson($"'{path}{name}' must be {expected}"));
        return null;
    }
}
