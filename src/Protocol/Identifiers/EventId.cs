using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Identifiers;

/// <summary>An event id: <c>$opaque:domain</c> (room v1, v2) or <c>$hash</c> (appendices, Event IDs).</summary>
public readonly record struct EventId
{
    private const char Sigil = '$';
    private readonly string? _value;

    private EventId(string value) => _value = value;

    /// <summary>The whole identifier, sigil included.</summary>
    public string Value => _value ?? "";

    /// <summary>The server name of an id that has one (room v1, v2); else empty.</summary>
    public ReadOnlySpan<char> Domain
    {
        get
        {
            var colon = Value.IndexOf(':');
            return colon < 0 ? default : Value.AsSpan(colon + 1);
        }
    }

    /// <summary>Parses an id of any room version.</summary>
    public static bool TryParse(string? text, out EventId id)
    {
        id = text is not null && IsValid(text) ? new EventId(text) : default;
        return id._value is not null;
    }

    /// <summary>True for an id of any room version.</summary>
    public static bool IsValid(ReadOnlySpan<char> text) =>
        text.Contains(':') ? IsValidWithDomain(text) : IdentifierGrammar.IsWellFormed(text, Sigil) && text.Length > 1;

    /// <summary>True for <c>$opaque:domain</c>.</summary>
    public static bool IsValidWithDomain(ReadOnlySpan<char> text) => IdentifierGrammar.TrySplit(text, Sigil, out _);

    /// <summary>True when the id has the form that the room version asks for.</summary>
    public static bool IsValidFor(ReadOnlySpan<char> text, RoomVersion version) =>
        version.EventIdFormat == EventIdFormat.Given ? IsValidWithDomain(text) : IsValid(text);

    /// <summary>Parses an id that is known to be good.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static EventId Parse(string text) => TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not an event id");

    /// <summary>The text, for who takes any.</summary>
    public static implicit operator string(EventId id) => id.Value;

    /// <inheritdoc/>
    public override string ToString() => Value;
}
