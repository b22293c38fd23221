using System.Text.Json;

namespace OrleansMatrix.Protocol.Push;

/// <summary>A non-compound canonical JSON value that a condition compares with: a string, an integer, a boolean or null.</summary>
internal readonly struct PushValue
{
    private readonly JsonValueKind _kind;
    private readonly long _integer;

    private PushValue(JsonValueKind kind, string? text, long integer)
    {
        _kind = kind;
        Text = text;
        _integer = integer;
    }

    /// <summary>The text of a string; null for anything else.</summary>
    public string? Text { get; }

    public static PushValue Of(string text) => new(JsonValueKind.String, text, 0);

    /// <summary>False for objects, arrays and numbers that are no integers.</summary>
    public static bool TryRead(JsonElement json, out PushValue value)
    {
        long integer = 0;
        var kind = json.ValueKind;
        value = default;
        if (kind is JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Undefined ||
            (kind == JsonValueKind.Number && !json.TryGetInt64(out integer)))
            return false;
        value = new PushValue(kind, kind == JsonValueKind.String ? json.GetString() : null, integer);
        return true;
    }

    public bool Equals(JsonElement other) => other.ValueKind == _kind && _kind switch
    {
        JsonValueKind.String => other.ValueEquals(Text),
        JsonValueKind.Number => other.TryGetInt64(out var integer) && integer == _integer,
        JsonValueKind.Undefined => false,
        _ => true,
    };
}
