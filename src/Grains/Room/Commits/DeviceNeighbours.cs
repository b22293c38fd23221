using System.Text;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>
/// Who comes to share a room with whom in one commit, and is told of devices: servers that come to share it with a local user are told of that user's devices,
/// and of users who go nothing more may be heard (S-S API, Device Management).
/// </summary>
internal sealed class DeviceNeighbours(ActiveRoom room)
{
    private readonly HashSet<string> _newServers = new(StringComparer.Ordinal);
    private readonly List<string> _newUsers = [];

    private string Own => room.Services.Server.Name.Value;

    /// <summary>A user has joined or gone.</summary>
    /// <param name="change">1 or -1.</param>
    /// <param name="members">How many of the user's server are joined by now.</param>
    public void Count(WriteUnit unit, string userId, string server, int change, int members)
    {
        var devices = room.Services.Storage.DeviceLists;
        var isLocal = server == Own;
        if (change > 0 && isLocal)
            _newUsers.Add(userId);
        if (change > 0 && (isLocal || members == change))
            _newServers.Add(server);
        else if (change < 0 && !isLocal)
            devices.Untrack(unit, userId);
        else if (members <= 0)
            devices.UntrackRoom(unit, room.RoomId);
    }

    /// <summary>As if all local users had just joined.</summary>
    public void AddAll() => _newServers.Add(Own);

    /// <summary>Queues for the servers what they are to be told.</summary>
    public void Tell(WriteUnit unit)
    {
        if (_newServers.Count == 0 || !room.Servers.ContainsKey(Own))
            return;
        Tell(unit, [.. room.Servers.Keys.Where(s => s != Own && _newServers.Contains(s))], null);
        if (_newServers.Contains(Own))
            Tell(unit, [.. room.Servers.Keys.Where(s => s != Own && !_newServers.Contains(s))], _newUsers is [var only] ? Encoding.UTF8.GetBytes(only) : null);
    }

    private void Tell(WriteUnit unit, List<string> servers, byte[]? who)
    {
        var item = new OutboxItem(OutboxKind.Neighbours, room.RoomId, Body: who is null ? default(ReadOnlyMemory<byte>?) : who);
        if (servers.Count > 0)
            room.Services.Storage.Outbox.Enqueue(unit, servers, item, unit.NextPosition(ChangeKind.ToDevice, Own));
    }
}
