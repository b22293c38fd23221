using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.Account;

/// <summary>What a profile may hold (profile.yaml).</summary>
internal static class ProfileRules
{
    public const string DisplayName = "displayname";
    public const string AvatarUrl = "avatar_url";

    private const int MaxKeyBytes = 255;

    // The whole profile as JSON must be under 64 KiB; both names end up in member events, which have that limit too.
    private const int MaxProfileBytes = 64 * 1024 - 1;
    private const int MaxMemberFieldBytes = 2048;

    /// <summary>What is wrong with setting the field; null if nothing. A null value deletes, which is always allowed for a valid key.</summary>
    public static MatrixError? Check(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> profile, string key, ReadOnlyMemory<byte>? value)
    {
        if (Encoding.UTF8.GetByteCount(key) > MaxKeyBytes)
            return new MatrixError(ErrCodes.KeyTooLarge, 400, $"Profile keys have at most {MaxKeyBytes} bytes");
        if (!IsValidKey(key))
            return MatrixError.InvalidParam("Invalid profile key");
        if (value is not { } json)
            return null;
        if (key is DisplayName or AvatarUrl or "m.tz" && !IsString(json.Span))
            return MatrixError.BadJson($"'{key}' must be a string");
        if (key is DisplayName or AvatarUrl && json.Length > MaxMemberFieldBytes)
            return TooLarge();
        var size = 2 + key.Length + json.Length + 4;
        foreach (var (name, old) in profile)
            size += name == key ? 0 : name.Length + old.Length + 4;
        return size > MaxProfileBytes ? TooLarge() : null;
    }

    private static MatrixError TooLarge() => new(ErrCodes.ProfileTooLarge, 400, "The profile would be too large");

    private static bool IsString(ReadOnlySpan<byte> json)
    {
        var reader = JsonText.Reader(json);
        return reader.Read() && reader.TokenType == JsonTokenType.String;
    }

    // avatar_url, displayname, m.tz, or the Common Namespaced Identifier Grammar: [a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+
    private static bool IsValidKey(string key)
    {
        if (key is DisplayName or AvatarUrl)
            return true;
        var parts = 0;
        foreach (var range in key.AsSpan().Split('.'))
        {
            var part = key.AsSpan(range);
            if (part.IsEmpty || !char.IsAsciiLetterLower(part[0]))
                return false;
            foreach (var c in part)
            {
                if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '_')
                    return false;
            }

            parts++;
        }

        return parts > 1;
    }
}
