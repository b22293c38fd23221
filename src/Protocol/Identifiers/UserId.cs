namespace OrleansMatrix.Protocol.Identifiers;

/// <summary>A user id, <c>@localpart:domain</c> (appendices, User Identifiers).</summary>
public readonly record struct UserId
{
    private const char Sigil = '@';
    private readonly string? _value;

    private UserId(string value) => _value = value;

    /// <summary>The whole identifier, sigil included.</summary>
    public string Value => _value ?? "";

    /// <summary>The part between the sigil and the colon; empty for some historical ids.</summary>
    public ReadOnlySpan<char> Localpart => Value.AsSpan(1, Value.IndexOf(':') - 1);

    /// <summary>The name of the server that allocated the account.</summary>
    public ReadOnlySpan<char> Domain => Value.AsSpan(Value.IndexOf(':') + 1);

    /// <summary>The name of the server that allocated the account.</summary>
    public ServerName ServerName => ServerName.Parse(Domain.ToString());

    /// <summary>
    /// True when the localpart is one that a server may still pass on outside events: not empty, and within U+0021 to U+007E.
    /// </summary>
    public bool IsCompliant => Localpart.Length > 0 && !Localpart.ContainsAnyExceptInRange('!', '~');

    /// <summary>Parses an id as received: historical localparts are accepted (appendices, Historical User IDs).</summary>
    public static bool TryParse(string? text, out UserId id)
    {
        id = text is not null && IsValid(text) ? new UserId(text) : default;
        return id._value is not null;
    }

    /// <summary>True for an id as received, historical ones included.</summary>
    public static bool IsValid(ReadOnlySpan<char> text) => IdentifierGrammar.TrySplit(text, Sigil, out _);

    /// <summary>Parses an id that is known to be good.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static UserId Parse(string text) => TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not a user id");

    /// <summary>True when the localpart may be given to a new account: <c>[a-z0-9._=/+-]</c>, and not empty.</summary>
    public static bool IsValidNewLocalpart(ReadOnlySpan<char> localpart)
    {
        foreach (var c in localpart)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('.' or '_' or '=' or '-' or '/' or '+'))
                return false;
        }

        return !localpart.IsEmpty;
    }

    /// <summary>The id of a new account; false when the localpart is not allowed for one or the id is over 255 bytes.</summary>
    public static bool TryCreate(string localpart, ServerName server, out UserId id)
    {
        id = default;
        return IsValidNewLocalpart(localpart) && TryParse($"@{localpart}:{server.Value}", out id);
    }

    /// <summary>The text, for who takes any.</summary>
    public static implicit operator string(UserId id) => id.Value;

    /// <inheritdoc/>
    public override string ToString() => Value;
}
