using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Policy;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>room_policy.yaml: this server as the policy server of a room (S-S API, Policy Servers).</summary>
internal static class RoomPolicy
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixPost("/_matrix/policy/v1/sign", SignAsync, EndpointOptions.Server);

    private static async ValueTask<MatrixResponse> SignAsync(MatrixRequest request)
    {
        // S-S API, Unsupported endpoints.
        if (request.Settings.PolicyServer is null)
            return MatrixError.Unrecognized();
        if (!(await request.ReadObjectBytesAsync()).TryGet(out var body, out var error))
            return error;

        // Rooms that can use a policy server have other events than m.room.create, which alone may lack the id.
        if (RoomIdOf(body) is not { } roomId)
            return MatrixError.BadJson("The event has no valid room_id");
        var signed = await request.Grain<IRoomGrain>(roomId).Recommend(new EventToRecommend(request.Origin, body));
        return MatrixResponse.From(signed, (writer, signature) =>
        {
            writer.WriteStartObject(request.Settings.ServerName.Value);
            writer.WriteString(RoomPolicyServer.KeyId, signature);
            writer.WriteEndObject();
        });
    }

    private static string? RoomIdOf(ReadOnlyMemory<byte> json)
    {
        using var document = JsonText.Parse(json);
        return document.RootElement.TryGetProperty("room_id"u8, out var id) && id.ValueKind == JsonValueKind.String && RoomId.IsValid(id.GetString()!)
            ? id.GetString()
            : null;
    }
}
