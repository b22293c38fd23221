namespace OrleansMatrix.Protocol.Identifiers;

/// <summary>A Matrix content URI, <c>mxc://server-name/media-id</c> (C-S API, Content repository).</summary>
public readonly record struct MxcUri
{
    private const string Scheme = "mxc://";
    private readonly string? _value;

    private MxcUri(string value) => _value = value;

    /// <summary>The whole URI.</summary>
    public string Value => _value ?? "";

    /// <summary>The server where the media is.</summary>
    public ReadOnlySpan<char> Domain => Value.AsSpan(Scheme.Length, Value.LastIndexOf('/') - Scheme.Length);

    /// <summary>The media id.</summary>
    public ReadOnlySpan<char> MediaId => Value.AsSpan(Value.LastIndexOf('/') + 1);

    /// <summary>
    /// Parses a URI. Media ids hold only <c>[0-9A-Za-z_-]</c>, so that none can name another path (C-S API, Content repository, Security
    /// considerations).
    /// </summary>
    public static bool TryParse(string? text, out MxcUri uri)
    {
        uri = default;
        if (text is null || !text.StartsWith(Scheme, StringComparison.Ordinal))
            return false;
        var rest = text.AsSpan(Scheme.Length);
        var slash = rest.IndexOf('/');
        if (slash < 0 || !ServerName.IsValid(rest[..slash]) || !IsValidMediaId(rest[(slash + 1)..]))
            return false;
        uri = new MxcUri(text);
        return true;
    }

    /// <summary>True for a media id of at most 255 characters.</summary>
    public static bool IsValidMediaId(ReadOnlySpan<char> mediaId) =>
        mediaId.Length <= IdentifierGrammar.MaxBytes && IdentifierGrammar.IsUrlSafe(mediaId);

    /// <summary>The URI of a media id on a server; both must be valid.</summary>
    public static MxcUri Create(ServerName server, string mediaId) =>
        IsValidMediaId(mediaId) ? new($"{Scheme}{server.Value}/{mediaId}") : throw new FormatException($"'{mediaId}' is not a media id");

    /// <inheritdoc/>
    public override string ToString() => Value;
}
