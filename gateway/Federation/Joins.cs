using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>joins-v1.yaml and joins-v2.yaml: users of other servers join (S-S API, Joining Rooms).</summary>
internal static class Joins
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(
            "/_matrix/federation/v1/make_join/{roomId}/{userId}", static request => MembershipSteps.MakeAsync(request, Membership.Join), EndpointOptions.Server);
        routes.MapMatrixPut("/_matrix/federation/v1/send_join/{roomId}/{eventId}", SendV1Async, EndpointOptions.Server);
        routes.MapMatrixPut("/_matrix/federation/v2/send_join/{roomId}/{eventId}", SendAsync, EndpointOptions.Server);
    }

    private static async ValueTask<MatrixResponse> SendAsync(MatrixRequest request)
    {
        var accepted = await MembershipSteps.SendAsync(request, Membership.Join);
        return accepted.Error is { } error ? error : MatrixResponse.Json(writer => Write(writer, request, accepted.Value!));
    }

    private static async ValueTask<MatrixResponse> SendV1Async(MatrixRequest request)
    {
        var accepted = await MembershipSteps.SendAsync(request, Membership.Join);
        if (accepted.Error is { } error)
            return error;
        return MatrixResponse.Json(writer =>
        {
            writer.WriteStartArray();
            writer.WriteNumberValue(200);
            Write(writer, request, accepted.Value!);
            writer.WriteEndArray();
        });
    }

    private static void Write(Utf8JsonWriter writer, MatrixRequest request, MembershipAccepted accepted)
    {
        writer.WriteStartObject();
        WriteEvents(writer, "auth_chain", accepted.AuthChain);
        writer.WritePropertyName("event"u8);
        writer.WriteRawValue(accepted.Event.Span, skipInputValidation: true);
        writer.WriteBoolean("members_omitted"u8, accepted.MembersOmitted);
        writer.WriteString("origin"u8, request.Settings.ServerName.Value);
        if (accepted.MembersOmitted)
        {
            writer.WriteStartArray("servers_in_room"u8);
            foreach (var server in accepted.ServersInRoom)
                writer.WriteStringValue(server);
            writer.WriteEndArray();
        }

        WriteEvents(writer, "state", accepted.State);
        writer.WriteEndObject();
    }

    private static void WriteEvents(Utf8JsonWriter writer, string name, ImmutableArray<ReadOnlyMemory<byte>> events)
    {
        writer.WriteStartArray(name);
        foreach (var json in events)
            writer.WriteRawValue(json.Span, skipInputValidation: true);
        writer.WriteEndArray();
    }
}
