using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.Room.Creating;

/// <summary>Builds a room's create event, which gives its id from room v12 on, and has the room's grain make the room.</summary>
internal sealed class RoomFounder(IGrainFactory grains, RoomServices services)
{
    private const int Attempts = 10;

    /// <summary>Makes the room and answers its id.</summary>
    /// <param name="roomId">The id to take, for versions in which it can be chosen; null: a random one.</param>
    /// <param name="creationContent">The content of m.room.create but for <c>room_version</c> and <c>creator</c>; a JSON object.</param>
    public async Task<Outcome<string>> FoundAsync(
        RoomVersion version, string creator, ReadOnlyMemory<byte> creationContent, ImmutableArray<StateDraft> drafts, bool isPublic, string? alias,
        string? roomId = null)
    {
        if (!JsonBytes.TryParseObject(creationContent, out var given))
            return MatrixError.BadJson("creation_content is not an object");
        var content = CreateContent(version, creator, given);
        var timestamp = services.Now;
        for (var attempt = 1; ; attempt++)
        {
            if (!Build(services, version, creator, content, timestamp, roomId).TryGet(out var create, out var error))
                return error;
            var outcome = await grains.GetGrain<IRoomGrain>(create.RoomId).Create(new RoomCreation(version.Id, create.Json, drafts, isPublic, alias));
            if (outcome.Ok)
                return create.RoomId;
            // From v12 on two rooms of one user, content and millisecond would have one id.
            if (outcome.Error.Status != 409 || attempt == Attempts)
                return outcome.Error;
            timestamp++;
        }
    }

    /// <summary>The whole content of the create event.</summary>
    public static ReadOnlyMemory<byte> CreateContent(RoomVersion version, string creator, JsonElement given) => JsonBytes.Object(writer =>
    {
        JsonBytes.CopyMembers(writer, given, "creator", "room_version");
        if (!version.CreatorIsSender)
            writer.WriteString("creator"u8, creator);
        writer.WriteString("room_version"u8, version.Id);
    });

    /// <summary>The signed create event.</summary>
    public static Outcome<Pdu> Build(
        RoomServices services, RoomVersion version, string creator, ReadOnlyMemory<byte> content, long timestamp, string? roomId = null) => new PduBuilder
        {
            Sender = creator,
            Type = EventTypes.Create,
            StateKey = "",
            Content = content,
            RoomId = version.RoomIdIsCreateHash ? null : roomId ?? NewRoomId(services),
            Depth = 1,
            OriginServerTs = timestamp,
            EventId = version.EventIdFormat == EventIdFormat.Given ? $"${RandomText.Base62(services.Random, 24)}:{services.Server.Name}" : null,
        }.Build(version, services.Server.Name, services.Server.Key);

    /// <summary>A random room id of the form with a server name.</summary>
    public static string NewRoomId(RoomServices services) => $"!{RandomText.Base62(services.Random, 18)}:{services.Server.Name}";
}
