using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>create_room.yaml.</summary>
internal static class CreateRoom
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPost("/_matrix/client/v3/createRoom", CreateAsync, EndpointOptions.User.Limited() with { RefuseSuspended = true });

    private static async ValueTask<MatrixResponse> CreateAsync(MatrixRequest request)
    {
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var room = Read(request.Requester, body);
        if (body.Error is { } wrong)
            return wrong;
        if (room.Invites.Length > 0 && await request.LimitAsync(RateClass.Outreach, room.Invites.Length) is { } tooMany)
            return tooMany;
        var outcome = await request.Grain<IRoomFactoryGrain>(request.Requester.UserId).Create(room);
        return MatrixResponse.From(outcome, static (w, roomId) => w.WriteString("room_id"u8, roomId));
    }

    private static RoomRequest Read(Requester requester, BodyFields body) => new(
        requester,
        body.OptionalString("visibility"),
        body.OptionalString("preset"),
        body.OptionalString("room_version"),
        body.OptionalString("room_alias_name"),
        body.OptionalString("name"),
        body.OptionalString("topic"),
        [.. body.OptionalStrings("invite") ?? []],
        CountThirdPartyInvites(body),
        body.OptionalBool("is_direct") ?? false,
        Raw(body.OptionalObject("creation_content")),
        Raw(body.OptionalObject("power_level_content_override")),
        ReadInitialState(body));

    private static int CountThirdPartyInvites(BodyFields body)
    {
        if (!body.Json.TryGetProperty("invite_3pid", out var invites) || invites.ValueKind == JsonValueKind.Null)
            return 0;
        if (invites.ValueKind == JsonValueKind.Array)
            return invites.GetArrayLength();
        body.Fail(MatrixError.BadJson("'invite_3pid' must be a list"));
        return 0;
    }

    private static ImmutableArray<StateDraft> ReadInitialState(BodyFields body)
    {
        if (!body.Json.TryGetProperty("initial_state", out var list) || list.ValueKind == JsonValueKind.Null)
            return [];
        if (list.ValueKind != JsonValueKind.Array)
        {
            body.Fail(MatrixError.BadJson("'initial_state' must be a list"));
            return [];
        }

        var drafts = ImmutableArray.CreateBuilder<StateDraft>();
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                body.Fail(MatrixError.BadJson("'initial_state' must be a list of objects"));
                break;
            }

            var fields = new BodyFields(item, "initial_state.");
            var type = fields.String("type");
            var stateKey = fields.OptionalString("state_key") ?? "";
            var content = fields.OptionalObject("content");
            if (content is null)
                fields.Fail(MatrixError.BadJson("'initial_state.content' must be an object"));
            if (fields.Error is { } error)
            {
                body.Fail(error);
                break;
            }

            drafts.Add(new StateDraft(type, stateKey, Raw(content)!.Value));
        }

        return drafts.ToImmutable();
    }

    private static ReadOnlyMemory<byte>? Raw(BodyFields? fields) =>
        fields is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(JsonMarshal.GetRawUtf8Value(fields.Json).ToArray());
}
