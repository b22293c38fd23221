using System.Text.Json;

namespace OrleansMatrix.Protocol.Push;

/// <summary>A property of an event as the conditions of push rules see it.</summary>
internal sealed class PushProperty
{
    /// <summary>The property is not in the event.</summary>
    public static readonly PushProperty Absent = new(default(JsonElement));

    // Below this many entries a list is quicker to search than to index.
    private const int IndexFrom = 8;

    private readonly JsonElement _value;
    private HashSet<string>? _strings;

    public PushProperty(JsonElement value)
    {
        _value = value;
        Text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    public PushProperty(string text) => Text = text;

    /// <summary>The value of a string; null for anything else.</summary>
    public string? Text { get; }

    public bool Is(in PushValue wanted) => wanted.Text is not null ? wanted.Text == Text : wanted.Equals(_value);

    public bool Contains(in PushValue wanted)
    {
        if (_value.ValueKind != JsonValueKind.Array)
            return false;
        if (wanted.Text is not null && _value.GetArrayLength() >= IndexFrom)
            return (_strings ??= IndexStrings()).Contains(wanted.Text);
        foreach (var item in _value.EnumerateArray())
        {
            if (wanted.Equals(item))
                return true;
        }

        return false;
    }

    private HashSet<string> IndexStrings()
    {
        var strings = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in _value.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.String)
                strings.Add(item.GetString()!);
        }

        return strings;
    }
}
