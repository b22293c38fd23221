using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Tests.Room;

/// <summary>No other server can be reached.</summary>
internal sealed class NoOtherServers : IRemoteRooms
{
    private static readonly MatrixError s_error = MatrixError.NotFound("No server of the room can be reached");

    public Task<Outcome<string>> JoinAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via) =>
        Task.FromResult<Outcome<string>>(s_error);

    public Task<Outcome<ImmutableArray<string>>> StateBeforeAsync(
        string server, string roomId, string roomVersion, string eventId, bool idsOnly = false, CancellationToken cancellationToken = default) =>
        Task.FromResult<Outcome<ImmutableArray<string>>>(s_error);

    public Task<Outcome<RemoteKnock>> KnockAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via) =>
        Task.FromResult<Outcome<RemoteKnock>>(s_error);

    public Task<Outcome<string>> LeaveAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via) =>
        Task.FromResult<Outcome<string>>(s_error);

    public Task<Outcome<ReadOnlyMemory<byte>>> InviteAsync(string server, Pdu invite, ReadOnlyMemory<byte> roomState) =>
        Task.FromResult<Outcome<ReadOnlyMemory<byte>>>(s_error);

    public Task<ImmutableArray<ReadOnlyMemory<byte>>> EventsAsync(string server, string roomId, ImmutableArray<string> eventIds) =>
        Task.FromResult<ImmutableArray<ReadOnlyMemory<byte>>>([]);

    public Task<Outcome<Nothing>> ExchangeInviteAsync(string server, string roomId, ReadOnlyMemory<byte> partialEvent) =>
        Task.FromResult<Outcome<Nothing>>(s_error);

    public Task<Outcome<ReadOnlyMemory<byte>>> AskPolicyServerAsync(string server, Pdu pdu) => Task.FromResult<Outcome<ReadOnlyMemory<byte>>>(s_error);
}
