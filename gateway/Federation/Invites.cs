using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>invites-v1.yaml and invites-v2.yaml: users of other servers invite users of this one (S-S API, Inviting to a room).</summary>
internal static class Invites
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPut("/_matrix/federation/v1/invite/{roomId}/{eventId}", PutV1Async, EndpointOptions.Server);
        routes.MapMatrixPut("/_matrix/federation/v2/invite/{roomId}/{eventId}", PutAsync, EndpointOptions.Server);
    }

    private static async ValueTask<MatrixResponse> PutAsync(MatrixRequest request)
    {
        var (roomId, eventId) = (request.RouteRoomId(), request.RouteEventId());
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var version = body.String("room_version");
        if (body.OptionalObject("event") is not { } invite)
            return body.Error ?? MatrixError.MissingParam("Missing required key 'event'");
        if (body.Error is { } wrong)
            return wrong;
        var signed = await request.Grain<IRoomGrain>(roomId).SignInvite(
            new InviteToSign(request.Origin, eventId, version, Raw(invite.Json), StateOf(body.Json)));
        return MatrixResponse.From(signed, static (writer, json) => WriteEvent(writer, json));
    }

    // "This API is nearly the same as the v2 API, except the request body is different": room versions 1 and 2 only, which v1 stands for.
    private static async ValueTask<MatrixResponse> PutV1Async(MatrixRequest request)
    {
        var (roomId, eventId) = (request.RouteRoomId(), request.RouteEventId());
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadObjectAsync()).TryGet(out var body, out var error))
            return error;
        var state = body.TryGetProperty("unsigned"u8, out var unsigned) && unsigned.ValueKind == JsonValueKind.Object ? StateOf(unsigned) : default;
        var signed = await request.Grain<IRoomGrain>(roomId).SignInvite(new InviteToSign(request.Origin, eventId, "1", Raw(body), state));
        if (signed.Error is { } refused)
            return refused;
        return MatrixResponse.Json(writer =>
        {
            writer.WriteStartArray();
            writer.WriteNumberValue(200);
            writer.WriteStartObject();
            WriteEvent(writer, signed.Value);
            writer.WriteEndObject();
            writer.WriteEndArray();
        });
    }

    private static void WriteEvent(Utf8JsonWriter writer, ReadOnlyMemory<byte> json)
    {
        writer.WritePropertyName("event"u8);
        writer.WriteRaw(json.Span);
    }

    private static ReadOnlyMemory<byte> StateOf(JsonElement json) =>
        json.TryGetProperty("invite_room_state"u8, out var state) && state.ValueKind == JsonValueKind.Array ? Raw(state) : default;

    private static ReadOnlyMemory<byte> Raw(JsonElement json) => JsonMarshal.GetRawUtf8Value(json).ToArray();
}
