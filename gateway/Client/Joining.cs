using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Gateway.Client;

/// <summary>joining.yaml.</summary>
internal static class Joining
{
    private static readonly EndpointOptions s_options = EndpointOptions.Guest.Limited() with { RefuseSuspended = true };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPost("/_matrix/client/v3/rooms/{roomId}/join", JoinByIdAsync, s_options);
        routes.MapMatrixPost("/_matrix/client/v3/join/{roomIdOrAlias}", JoinAsync, s_options);
    }

    private static ValueTask<MatrixResponse> JoinByIdAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        return request.Error is { } invalid ? ValueTask.FromResult<MatrixResponse>(invalid) : JoinAsync(request, roomId, []);
    }

    private static async ValueTask<MatrixResponse> JoinAsync(MatrixRequest request) =>
        (await RoomReference.ResolveAsync(request)).TryGet(out var room, out var error) ? await JoinAsync(request, room.RoomId, room.Via) : error;

    private static async ValueTask<MatrixResponse> JoinAsync(MatrixRequest request, string roomId, ImmutableArray<string> via)
    {
        if (!(await request.ReadFieldsAsync(emptyAllowed: true)).TryGet(out var body, out var error))
            return error;
        var reason = body.OptionalString("reason");
        var signed = body.OptionalObject("third_party_signed");
        if (body.Error is { } wrong)
            return wrong;
        ReadOnlyMemory<byte>? signedJson = signed is null ? default(ReadOnlyMemory<byte>?)
            : new ReadOnlyMemory<byte>(JsonMarshal.GetRawUtf8Value(signed.Json).ToArray());
        var requester = request.Requester;
        // Beyond the specification: clients may add members of their own to the join.
        ReadOnlyMemory<byte> extra = JsonMarshal.GetRawUtf8Value(body.Json).ToArray();
        var change = new MembershipChange(requester, MembershipAction.Join, requester.UserId, reason, via, signedJson, Extra: extra);
        return MatrixResponse.From(await MembershipRequest.ChangeAsync(request, roomId, change), (w, _) => w.WriteString("room_id"u8, roomId));
    }
}
