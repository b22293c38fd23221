using System.Buffers;
using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Errors;

/// <summary>A protocol outcome that is not success: the standard error response of the specification.</summary>
/// <param name="ErrCode">The <c>errcode</c>, one of <see cref="ErrCodes"/> or a namespaced one.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Message">The human-readable <c>error</c>.</param>
public record MatrixError(string ErrCode, int Status, string Message)
{
    /// <summary>Further members of the error object, as one UTF-8 JSON object; empty when there are none.</summary>
    public ReadOnlyMemory<byte> Extra { get; init; }

    /// <summary>403 M_FORBIDDEN.</summary>
    public static MatrixError Forbidden(string message = "Forbidden") => new(ErrCodes.Forbidden, 403, message);

    /// <summary>404 M_NOT_FOUND.</summary>
    public static MatrixError NotFound(string message = "Not found") => new(ErrCodes.NotFound, 404, message);

    /// <summary>400 M_BAD_JSON: valid JSON of the wrong shape.</summary>
    public static MatrixError BadJson(string message) => new(ErrCodes.BadJson, 400, message);

    /// <summary>400 M_NOT_JSON: not JSON at all.</summary>
    public static MatrixError NotJson(string message = "Content is not JSON") => new(ErrCodes.NotJson, 400, message);

    /// <summary>400 M_INVALID_PARAM.</summary>
    public static MatrixError InvalidParam(string message) => new(ErrCodes.InvalidParam, 400, message);

    /// <summary>400 M_MISSING_PARAM.</summary>
    public static MatrixError MissingParam(string message) => new(ErrCodes.MissingParam, 400, message);

    /// <summary>401 M_MISSING_TOKEN.</summary>
    public static MatrixError MissingToken(string message = "Missing access token") => new(ErrCodes.MissingToken, 401, message);

    /// <summary>401 M_UNKNOWN_TOKEN; <paramref name="softLogout"/> tells the client to keep its data and log in again.</summary>
    public static MatrixError UnknownToken(bool softLogout = false, string message = "Unknown access token") =>
        softLogout
            ? new MatrixError(ErrCodes.UnknownToken, 401, message).With(static w => w.WriteBoolean("soft_logout"u8, true))
            : new(ErrCodes.UnknownToken, 401, message);

    /// <summary>401 M_USER_LOCKED, always with <c>soft_logout</c> (C-S API, Account locking).</summary>
    public static MatrixError UserLocked(string message = "This account is locked") =>
        new MatrixError(ErrCodes.UserLocked, 401, message).With(static w => w.WriteBoolean("soft_logout"u8, true));

    /// <summary>403 M_USER_SUSPENDED.</summary>
    public static MatrixError UserSuspended(string message = "This account is suspended") =>
        new(ErrCodes.UserSuspended, 403, message);

    /// <summary>403 M_USER_DEACTIVATED.</summary>
    public static MatrixError UserDeactivated(string message = "This account is deactivated") =>
        new(ErrCodes.UserDeactivated, 403, message);

    /// <summary>429 M_LIMIT_EXCEEDED with the time to wait, in milliseconds.</summary>
    public static MatrixError LimitExceeded(long retryAfterMs, string message = "Too many requests") =>
        new MatrixError(ErrCodes.LimitExceeded, 429, message).With(w => w.WriteNumber("retry_after_ms"u8, retryAfterMs));

    /// <summary>413 M_TOO_LARGE.</summary>
    public static MatrixError TooLarge(string message = "The request or entity was too large") => new(ErrCodes.TooLarge, 413, message);

    /// <summary>404 M_UNRECOGNIZED for an unknown endpoint.</summary>
    public static MatrixError Unrecognized(string message = "Unrecognized request") => new(ErrCodes.Unrecognized, 404, message);

    /// <summary>405 M_UNRECOGNIZED for a known endpoint with the wrong method.</summary>
    public static MatrixError MethodNotAllowed(string message = "Method not allowed") => new(ErrCodes.Unrecognized, 405, message);

    /// <summary>400 M_UNKNOWN.</summary>
    public static MatrixError Unknown(string message, int status = 400) => new(ErrCodes.Unknown, status, message);

    /// <summary>401 M_UNAUTHORIZED: a federation request that did not authenticate.</summary>
    public static MatrixError Unauthorized(string message) => new(ErrCodes.Unauthorized, 401, message);

    /// <summary>400 M_UNSUPPORTED_ROOM_VERSION.</summary>
    public static MatrixError UnsupportedRoomVersion(string message = "This server does not support that room version") =>
        new(ErrCodes.UnsupportedRoomVersion, 400, message);

    /// <summary>400 M_INCOMPATIBLE_ROOM_VERSION naming the room's version (S-S API, make_join).</summary>
    public static MatrixError IncompatibleRoomVersion(string roomVersion) =>
        new MatrixError(ErrCodes.IncompatibleRoomVersion, 400, "Your homeserver does not support the features required to join this room")
            .With(w => w.WriteString("room_version"u8, roomVersion));

    /// <summary>400 M_USER_IN_USE.</summary>
    public static MatrixError UserInUse(string message = "User ID already taken") => new(ErrCodes.UserInUse, 400, message);

    /// <summary>400 M_INVALID_USERNAME.</summary>
    public static MatrixError InvalidUsername(string message = "User ID is not valid") => new(ErrCodes.InvalidUsername, 400, message);

    /// <summary>400 M_ROOM_IN_USE.</summary>
    public static MatrixError RoomInUse(string message = "Room alias already taken") => new(ErrCodes.RoomInUse, 400, message);

    /// <summary>400 M_EXCLUSIVE: the namespace belongs to an application service.</summary>
    public static MatrixError Exclusive(string message = "Reserved by an application service") => new(ErrCodes.Exclusive, 400, message);

    /// <summary>403 M_GUEST_ACCESS_FORBIDDEN.</summary>
    public static MatrixError GuestAccessForbidden(string message = "Guests may not do this") =>
        new(ErrCodes.GuestAccessForbidden, 403, message);

    /// <summary>400 M_BAD_ALIAS.</summary>
    public static MatrixError BadAlias(string message) => new(ErrCodes.BadAlias, 400, message);

    /// <summary>400 M_UNABLE_TO_AUTHORISE_JOIN.</summary>
    public static MatrixError UnableToAuthoriseJoin(string message = "This server cannot tell whether the join is allowed") =>
        new(ErrCodes.UnableToAuthoriseJoin, 400, message);

    /// <summary>400 M_UNABLE_TO_GRANT_JOIN.</summary>
    public static MatrixError UnableToGrantJoin(string message = "This server has no user who may let others join") =>
        new(ErrCodes.UnableToGrantJoin, 400, message);

    /// <summary>The same error with further members written by <paramref name="write"/> into its JSON object.</summary>
    public MatrixError With(Action<Utf8JsonWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var buffer = new ArrayBufferWriter<byte>(64);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            WriteExtraMembers(writer);
            write(writer);
            writer.WriteEndObject();
        }

        return this with { Extra = buffer.WrittenMemory };
    }

    /// <summary>Writes the whole error object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("errcode"u8, ErrCode);
        writer.WriteString("error"u8, Message);
        WriteExtraMembers(writer);
        writer.WriteEndObject();
    }

    /// <summary>The error as a UTF-8 JSON object.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var writer = new Utf8JsonWriter(buffer))
            WriteTo(writer);
        return buffer.WrittenSpan.ToArray();
    }

    private void WriteExtraMembers(Utf8JsonWriter writer)
    {
        if (Extra.IsEmpty)
            return;
        using var extra = JsonText.Parse(Extra);
        foreach (var member in extra.RootElement.EnumerateObject())
            member.WriteTo(writer);
    }
}
