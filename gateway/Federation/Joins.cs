using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>joins-v1.yaml and joins-v2.yaml: users of other servers join (S-S API, Joining Rooms).</summary>
internal static class Joins
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(
            "/_matrix/federation/v1/make_join/{roomId}/{userId}", static request =>
            MembershipSteps.MakeAsync(request, Membership.Join), EndpointOptions.Server);
        routes.MapMatrixPut("/_matrix/federation/v1/send_join/{roomId}/{eventId}", static request => SendAsync(request, isV1: true), EndpointOptions.Server);
        routes.MapMatrixPut("/_matrix/federation/v2/send_join/{roomId}/{eventId}", static request => SendAsync(request, isV1: false), EndpointOptions.Server);
    }

    private static async ValueTask<MatrixResponse> SendAsync(MatrixRequest request, bool isV1)
    {
        var omitMembers = !isV1 && request.QueryBool("omit_members");
        var accepted = await MembershipSteps.SendAsync(request, Membership.Join, isV1);
        if (accepted.Error is { } error)
            return error;
        var reader = request.Grain<IServerReaderGrain>(request.Route("roomId"));
        var state = await reader.State(request.Origin, request.Route("eventId"), omitMembers);
        if (state.Error is { } fault)
            return fault;
        var lists = new PduLists(reader, [("auth_chain", state.Value.AuthChain), ("state", state.Value.State)], writer =>
        {
            writer.WritePropertyName("event"u8);
            writer.WriteRaw(accepted.Value.Event.Span);
            writer.WriteBoolean("members_omitted"u8, state.Value.MembersOmitted);
            writer.WriteString("origin"u8, request.Settings.ServerName.Value);
            if (!state.Value.MembersOmitted)
                return;
            writer.WriteStartArray("servers_in_room"u8);
            foreach (var server in accepted.Value.ServersInRoom)
                writer.WriteStringValue(server);
            writer.WriteEndArray();
        });
        return isV1 ? lists.Respond("[200,", "]") : lists.Respond();
    }
}
