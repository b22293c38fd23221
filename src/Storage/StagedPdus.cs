namespace OrleansMatrix.Storage;

/// <summary>An event of another server that was taken and cannot be judged yet: what it follows is not here.</summary>
/// <param name="Origin">The server that sent it.</param>
/// <param name="Json">The event as it came.</param>
/// <param name="ReceivedAt">Milliseconds since the epoch.</param>
public sealed record StagedPduRow(string RoomId, string EventId, string Origin, ReadOnlyMemory<byte> Json, long ReceivedAt);

/// <summary>Events that wait to be judged.</summary>
public interface IStagedPduStore
{
    /// <summary>Keeps an event. Does nothing if it waits already.</summary>
    void Put(WriteUnit unit, StagedPduRow row);
    void Delete(WriteUnit unit, string roomId, string eventId);
    void DeleteRoom(WriteUnit unit, string roomId);

    /// <summary>The events of a room that wait, in the order in which they came, as far as times tell.</summary>
    ValueTask<IReadOnlyList<StagedPduRow>> OfRoomAsync(string roomId, CancellationToken cancellationToken = default);

    /// <summary>How many events of a server wait, in all rooms.</summary>
    ValueTask<int> CountAsync(string origin, CancellationToken cancellationToken = default);

    /// <summary>The rooms in which events wait.</summary>
    ValueTask<IReadOnlyList<string>> RoomsAsync(CancellationToken cancellationToken = default);

    /// <summary>The rooms in which events wait and that the server is in.</summary>
    ValueTask<IReadOnlyList<string>> RoomsWithAsync(string server, CancellationToken cancellationToken = default);
}
