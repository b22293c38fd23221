using System.Text.Json;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Protocol.Push;

/// <summary>What a matching push rule does (C-S API, Push rules, Actions).</summary>
public sealed class PushActions
{
    private PushActions(JsonElement json)
    {
        Json = json;
        foreach (var action in json.EnumerateArray())
        {
            if (action.ValueKind == JsonValueKind.String)
                Notify |= action.ValueEquals("notify"u8);
            else if (TweakOf(action) is { } tweak)
                Read(tweak, action);
        }
    }

    /// <summary>The list as it was given. <c>dont_notify</c> and <c>coalesce</c> in it mean nothing (Historical Actions).</summary>
    public JsonElement Json { get; }

    /// <summary>The event generates a notification.</summary>
    public bool Notify { get; }

    /// <summary>The tweak <c>highlight</c>.</summary>
    public bool Highlight { get; private set; }

    /// <summary>The tweak <c>sound</c>; null for none.</summary>
    public string? Sound { get; private set; }

    /// <summary>Checks a list of actions. It is kept, so it must not be of a disposed document.</summary>
    internal static Outcome<PushActions> Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array)
            return MatrixError.InvalidParam("actions is not a list");
        foreach (var action in json.EnumerateArray())
        {
            var isKnown = action.ValueKind == JsonValueKind.String
                ? action.ValueEquals("notify"u8) || action.ValueEquals("dont_notify"u8) || action.ValueEquals("coalesce"u8)
                : TweakOf(action) is not null;
            if (!isKnown)
                return MatrixError.InvalidParam("An action is neither notify nor a set_tweak");
        }

        return new PushActions(json);
    }

    /// <summary>M_INVALID_PARAM where a tweak of the specification has a value of the wrong type.</summary>
    internal static MatrixError? FindWrongType(JsonElement actions)
    {
        if (actions.ValueKind != JsonValueKind.Array)
            return null;
        foreach (var action in actions.EnumerateArray())
        {
            if (TweakOf(action) is not { } tweak || !action.TryGetProperty("value", out var value))
                continue;
            if (tweak == "sound" && value.ValueKind != JsonValueKind.String)
                return MatrixError.InvalidParam("The tweak sound is not a string");
            if (tweak == "highlight" && value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                return MatrixError.InvalidParam("The tweak highlight is not a boolean");
        }

        return null;
    }

    /// <summary>Writes the dictionary <c>tweaks</c> of a notification to a push gateway, with tweaks unknown here.</summary>
    public void WriteTweaks(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (var action in Json.EnumerateArray())
        {
            if (action.ValueKind != JsonValueKind.Object || TweakOf(action) is not { } tweak || !written.Add(tweak))
                continue;
            writer.WritePropertyName(tweak);
            if (action.TryGetProperty("value", out var value))
                value.WriteTo(writer);
            else
                writer.WriteBooleanValue(true);
        }

        writer.WriteEndObject();
    }

    private static string? TweakOf(JsonElement action) =>
        action.ValueKind == JsonValueKind.Object && action.TryGetProperty("set_tweak", out var tweak) && tweak.ValueKind == JsonValueKind.String
            ? tweak.GetString()
            : null;

    private void Read(string tweak, JsonElement action)
    {
        var hasValue = action.TryGetProperty("value", out var value);
        if (tweak == "highlight")
            Highlight = !hasValue || value.ValueKind == JsonValueKind.True;
        else if (tweak == "sound" && hasValue && value.ValueKind == JsonValueKind.String)
            Sound = value.GetString();
    }
}
