using System.Runtime.InteropServices;
using System.Text.Json;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>What joins, leaves and knocks have in common: the template of the event, then the signed event (S-S API, Joining Rooms).</summary>
internal static class MembershipSteps
{
    private const int MaxVersions = 100;

    /// <summary>make_join, make_leave and make_knock.</summary>
    public static async ValueTask<MatrixResponse> MakeAsync(MatrixRequest request, string membership)
    {
        var roomId = request.RouteRoomId();
        var userId = request.RouteUserId();
        var versions = request.QueryAll("ver");
        if (request.Error is { } invalid)
            return invalid;
        // "Defaults to [1] if not specified."
        var template = new MembershipTemplateRequest(request.Origin, userId, membership, versions.Count == 0 ? ["1"] : [.. versions.Take(MaxVersions)]);
        return MatrixResponse.From(await request.Grain<IRoomGrain>(roomId).MakeMembership(template), static (writer, made) =>
        {
            writer.WritePropertyName("event"u8);
            writer.WriteRaw(made.Event.Span);
            writer.WriteString("room_version"u8, made.RoomVersion);
        });
    }

    /// <summary>send_join, send_leave and send_knock.</summary>
    /// <param name="isV1">
    /// By the old path of joins and leaves, for which no error is specified: whose event it is not is forbidden to send it, as servers that know only that path
    /// expect. By the newer ones and for knocks it "SHOULD return M_INVALID_PARAM".
    /// </param>
    public static async ValueTask<Outcome<MembershipAccepted>> SendAsync(MatrixRequest request, string membership, bool isV1 = false)
    {
        var roomId = request.RouteRoomId();
        // Whatever its form, it must be that of the event, which is looked at first.
        var eventId = request.Route("eventId");
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadObjectAsync()).TryGet(out var json, out var error))
            return error;
        if (isV1 && json.TryGetProperty("sender"u8, out var sender) && sender.ValueKind == JsonValueKind.String &&
            !sender.GetString()!.EndsWith(":" + request.Origin, StringComparison.Ordinal))
            return MatrixError.Forbidden("The event is not of a user of the requesting server");
        ReadOnlyMemory<byte> bytes = JsonMarshal.GetRawUtf8Value(json).ToArray();
        return await request.Grain<IRoomGrain>(roomId).AcceptMembership(new SignedMembership(request.Origin, eventId, membership, bytes));
    }
}
