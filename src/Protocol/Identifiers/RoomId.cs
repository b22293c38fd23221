using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Identifiers;

/// <summary>A room id: <c>!opaque:domain</c>, or from room v12 <c>!hash</c> (appendices, Room IDs).</summary>
public readonly record struct RoomId
{
    private const char Sigil = '!';
    private readonly string? _value;

    private RoomId(string value) => _value = value;

    /// <summary>The whole identifier, sigil included.</summary>
    public string Value => _value ?? "";

    /// <summary>The server name of an id that has one; empty in room v12 and later. Says nothing about who is in the room.</summary>
    public ReadOnlySpan<char> Domain
    {
        get
        {
            var colon = Value.IndexOf(':');
            return colon < 0 ? default : Value.AsSpan(colon + 1);
        }
    }

    /// <summary>Parses an id of either form.</summary>
    public static bool TryParse(string? text, out RoomId id)
    {
        id = text is not null && IsValid(text) ? new RoomId(text) : default;
        return id._value is not null;
    }

    /// <summary>True for an id of either form.</summary>
    public static bool IsValid(ReadOnlySpan<char> text) =>
        text.Contains(':') ? IsValidWithDomain(text) : IdentifierGrammar.IsWellFormed(text, Sigil) && text.Length > 1;

    /// <summary>True for <c>!opaque:domain</c>.</summary>
    public static bool IsValidWithDomain(ReadOnlySpan<char> text) => IdentifierGrammar.TrySplit(text, Sigil, out _);

    /// <summary>True for '!' and 43 characters of URL-safe Base64, the SHA-256 of a create event (room v12).</summary>
    public static bool IsValidHash(ReadOnlySpan<char> text) =>
        text.Length == 44 && text[0] == Sigil && IdentifierGrammar.IsUrlSafe(text[1..]);

    /// <summary>True when the id has the form that the room version asks for.</summary>
    public static bool IsValidFor(ReadOnlySpan<char> text, RoomVersion version) =>
        version.RoomIdIsCreateHash ? IsValidHash(text) : IsValidWithDomain(text);

    /// <summary>Parses an id that is known to be good.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static RoomId Parse(string text) => TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not a room id");

    /// <summary>The text, for who takes any.</summary>
    public static implicit operator string(RoomId id) => id.Value;

    /// <inheritdoc/>
    public override string ToString() => Value;
}
