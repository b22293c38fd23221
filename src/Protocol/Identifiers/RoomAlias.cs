namespace OrleansMatrix.Protocol.Identifiers;

/// <summary>A room alias, <c>#localpart:domain</c> (appendices, Room Aliases).</summary>
public readonly record struct RoomAlias
{
    private const char Sigil = '#';
    private readonly string? _value;

    private RoomAlias(string value) => _value = value;

    /// <summary>The whole identifier, sigil included.</summary>
    public string Value => _value ?? "";

    /// <summary>The part between the sigil and the colon.</summary>
    public ReadOnlySpan<char> Localpart => Value.AsSpan(1, Value.IndexOf(':') - 1);

    /// <summary>The name of the server that keeps the alias.</summary>
    public ReadOnlySpan<char> Domain => Value.AsSpan(Value.IndexOf(':') + 1);

    /// <summary>The name of the server that keeps the alias.</summary>
    public ServerName ServerName => ServerName.Parse(Domain.ToString());

    /// <summary>Parses an alias.</summary>
    public static bool TryParse(string? text, out RoomAlias alias)
    {
        alias = text is not null && IsValid(text) ? new RoomAlias(text) : default;
        return alias._value is not null;
    }

    /// <summary>True for an alias with a server name. Its localpart may be empty.</summary>
    public static bool IsValid(ReadOnlySpan<char> text) => IdentifierGrammar.TrySplit(text, Sigil, out _);

    /// <summary>Parses an alias that is known to be good.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static RoomAlias Parse(string text) =>
        TryParse(text, out var alias) ? alias : throw new FormatException($"'{text}' is not a room alias");

    /// <summary>The text, for who takes any.</summary>
    public static implicit operator string(RoomAlias alias) => alias.Value;

    /// <inheritdoc/>
    public override string ToString() => Value;
}
