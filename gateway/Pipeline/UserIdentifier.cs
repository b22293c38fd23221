using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>The user that a login or a password stage names (C-S API, Identifier types).</summary>
internal static class UserIdentifier
{
    /// <summary>
    /// The local user id that is named, in lower case; null if none is. A name that cannot be one of this server's users gives an id that has no account, so
    /// that it fails like any other. M_UNKNOWN in the fields' error for other types of identifier.
    /// </summary>
    public static string? Read(BodyFields fields, ServerName server)
    {
        var user = fields.OptionalString("user");
        if (fields.OptionalObject("identifier") is { } identifier)
        {
            var type = identifier.String("type");
            if (identifier.Error is null && type != "m.id.user")
                identifier.Fail(MatrixError.Forbidden("This server knows users by their Matrix ID only"));
            else
                user = identifier.String("user");
            if (identifier.Error is { } error)
                fields.Fail(error);
        }

        if (user is null)
            return null;
        var id = user.StartsWith('@') ? user : $"@{user}:{server.Value}";
        return UserId.TryParse(id, out var parsed) && parsed.Domain.SequenceEqual(server.Value)
            ? $"@{parsed.Localpart.ToString().ToLowerInvariant()}:{server.Value}"
            : $"@:{server.Value}";
    }
}
