using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>
/// Keeps a user's reports. Reports of rooms and users always succeed, so that they tell nothing about what exists (CS API, Reporting Content).
/// </summary>
/// <remarks>It needs no fence (ADR 0004): reports are only added, each as a row with a number that storage gives it.</remarks>
[GrainType("report")]
public sealed class ReportGrain(IStorage storage, TimeProvider time) : Grain, IReportGrain
{
    private string UserId => this.GetPrimaryKeyString();

    public async Task<Outcome<Nothing>> ReportRoom(RoomId roomId, string reason) =>
        await storage.Rooms.GetAsync(roomId) is null ? Nothing.Value : await AddAsync(roomId, "", "", reason);

    public async Task<Outcome<Nothing>> ReportEvent(RoomId roomId, EventId eventId, string reason)
    {
        if (await storage.Memberships.GetAsync(roomId, UserId) is not { Membership: "join" }
            || await storage.Events.GetAsync(eventId) is not { Status: EventStatus.None, Order: not null } row || row.RoomId != roomId)
            return MatrixError.NotFound("The event was not found or you are not joined to the room.");
        return await AddAsync(roomId, eventId, row.Sender, reason);
    }

    public async Task<Outcome<Nothing>> ReportUser(UserId userId, string reason) => await AddAsync("", "", userId, reason);

    private async Task<Outcome<Nothing>> AddAsync(string roomId, string eventId, string userId, string reason)
    {
        var unit = new WriteUnit();
        storage.Reports.Add(unit, new ReportRow(0, UserId, roomId, eventId, userId, reason, time.GetUtcNow().ToUnixTimeMilliseconds()));
        await storage.CommitAsync(unit);
        return Nothing.Value;
    }
}
