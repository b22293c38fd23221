using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Directory;

/// <summary>Keeps a user's reports of content for the server's administrators; key: the reporter's user id.</summary>
[Alias("IReportGrain"), GrainInterfaceType("IReportGrain")]
public interface IReportGrain : IGrainWithStringKey
{
    /// <summary>Reports a room. Says nothing about whether the room exists.</summary>
    [Alias("ReportRoom")]
    Task<Outcome<Nothing>> ReportRoom(RoomId roomId, string reason);

    /// <summary>Reports an event of a room that the reporter is in; M_NOT_FOUND otherwise.</summary>
    [Alias("ReportEvent")]
    Task<Outcome<Nothing>> ReportEvent(RoomId roomId, EventId eventId, string reason);

    /// <summary>Reports a user. Says nothing about whether the user exists.</summary>
    [Alias("ReportUser")]
    Task<Outcome<Nothing>> ReportUser(UserId userId, string reason);
}
