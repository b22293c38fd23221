using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Account;

/// <summary>
/// Secrets that name their account: <c>om_&lt;base64url(localpart)&gt;_&lt;random&gt;</c>, so that any silo finds the account grain of a token without a
/// lookup. Access tokens start with <c>om_</c>, refresh tokens with <c>omr_</c>, login tokens with <c>oml_</c>, OpenID tokens with <c>omo_</c>.
/// </summary>
public static class AccessToken
{
    public const string Access = "om_";
    public const string Refresh = "omr_";
    public const string Login = "oml_";
    public const string OpenId = "omo_";

    private const int MaxLength = 512;

    /// <summary>A new token of the kind that <paramref name="prefix"/> says.</summary>
    public static string Create(string prefix, UserId user, IRandom random) =>
        $"{prefix}{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(user.Localpart.ToString()))}_{RandomText.Token(random)}";

    /// <summary>The account that the token claims to belong to; whether it does, its account grain knows.</summary>
    public static bool TryGetUser(string? token, string prefix, ServerName server, [NotNullWhen(true)] out string? userId)
    {
        userId = null;
        if (token is null || token.Length > MaxLength || !token.StartsWith(prefix, StringComparison.Ordinal))
            return false;
        var rest = token.AsSpan(prefix.Length);
        var end = rest.LastIndexOf('_');
        if (end < 0 || !Base64Url.IsValid(rest[..end], out var size))
            return false;
        Span<byte> localpart = stackalloc byte[MaxLength];
        if (!Base64Url.TryDecodeFromChars(rest[..end], localpart, out size))
            return false;
        var text = $"@{Encoding.UTF8.GetString(localpart[..size])}:{server.Value}";
        if (!UserId.IsValid(text))
            return false;
        userId = text;
        return true;
    }

    /// <summary>What is stored and compared instead of the token: its SHA-256.</summary>
    public static ReadOnlyMemory<byte> Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
