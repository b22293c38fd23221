using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using Invite = OrleansMatrix.Grains.Abstractions.Room.Federation.ThirdPartyInvite;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>third_party_invite.yaml: invites of third-party identifiers become invites of users (S-S API, Third-party invites).</summary>
internal static class ThirdPartyInvite
{
    /// <summary>Invites of one notification; each can cost a request to another server, and anybody may send it.</summary>
    private const int MaxInvites = 20;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPut("/_matrix/federation/v1/exchange_third_party_invite/{roomId}", ExchangeAsync, EndpointOptions.Server);
        routes.MapMatrixPut("/_matrix/federation/v1/3pid/onbind", OnBindAsync, EndpointOptions.Anonymous.Limited(RateClass.Outreach));
    }

    private static async ValueTask<MatrixResponse> ExchangeAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var (sender, target) = (body.String("sender"), body.String("state_key"));
        var (type, room) = (body.String("type"), body.String("room_id"));
        var content = body.OptionalObject("content");
        if (body.Error is { } wrong)
            return wrong;
        if (type != "m.room.member" || room != roomId || content?.Json is not { } json || Text(json, "membership") != "invite" ||
            Object(json, "third_party_invite") is not { } invite || Object(invite, "signed") is not { } signed)
            return MatrixError.BadJson("Not the third-party invite of a user to this room");
        if (!UserId.TryParse(target, out var user) || !user.Domain.SequenceEqual(request.Origin))
            return MatrixError.Forbidden("The invited user is not of the requesting server");
        return Empty((await request.Grain<IRoomGrain>(roomId).ExchangeThirdPartyInvite(new Invite(sender, target, Raw(signed), MayForward: false))).Error);
    }

    private static async ValueTask<MatrixResponse> OnBindAsync(MatrixRequest request)
    {
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var userId = body.String("mxid");
        if (body.Error is { } wrong)
            return wrong;
        if (!UserId.TryParse(userId, out var user) || !user.Domain.SequenceEqual(request.Settings.ServerName.Value))
            return MatrixError.InvalidParam("The user is not of this server");
        if (!body.Json.TryGetProperty("invites"u8, out var invites) || invites.ValueKind != JsonValueKind.Array)
            return MatrixError.MissingParam("Missing required key 'invites'");
        foreach (var invite in invites.EnumerateArray().Take(MaxInvites))
        {
            // What comes of an invite is for the room to say: the identity server has done its part.
            if (invite.ValueKind == JsonValueKind.Object && Text(invite, "room_id") is { } roomId && RoomId.IsValid(roomId) &&
                Text(invite, "sender") is { } sender &&
                Object(invite, "signed") is { } signed)
                await request.Grain<IRoomGrain>(roomId).ExchangeThirdPartyInvite(new Invite(sender, userId, Raw(signed), MayForward: true));
        }

        return MatrixResponse.Empty;
    }

    private static MatrixResponse Empty(MatrixError? error) => error is null ? MatrixResponse.Empty : error;

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
        ? value.GetString() : null;

    private static JsonElement? Object(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object
        ? value : null;

    private static ReadOnlyMemory<byte> Raw(JsonElement json) => JsonMarshal.GetRawUtf8Value(json).ToArray();
}
