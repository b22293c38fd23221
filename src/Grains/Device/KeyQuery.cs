using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>
/// keys/query: local users' keys from storage, and those of remote users whose lists are kept there; other users' from their servers, all servers at once. The
/// lists of users who share a room are fetched to be kept (S-S API, Device Management).
/// </summary>
internal sealed class KeyQuery(IStorage storage, IGrainFactory grains, MatrixSettings settings, IRemoteUserKeys remote, string viewer)
{
    private const int MaxUsers = 10_000;

    // Each list is a request; of more users the keys are asked for together, and the lists another time.
    private const int MaxFetchesPerServer = 20;

    // Whose keys are in memory together.
    private const int UsersAtOnce = 500;

    private readonly KeyQueryAnswer _answer = new();

    public async Task<Outcome<ReadOnlyMemory<byte>>> RunAsync(ReadOnlyMemory<byte> body)
    {
        using var document = JsonBytes.ParseObject(body, out var error);
        if (document is null)
            return error!;
        if (!document.RootElement.TryGetProperty("device_keys"u8, out var users) || users.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("device_keys is not an object");
        if (RemoteRequests.CheckTimeout(document.RootElement) is { } wrong)
            return wrong;
        if (users.GetPropertyCount() > MaxUsers)
            return MatrixError.TooLarge("Too many users");

        var (local, byServer) = (new List<JsonProperty>(), new Dictionary<string, List<JsonProperty>>(StringComparer.Ordinal));
        foreach (var user in users.EnumerateObject())
        {
            if (!UserId.TryParse(user.Name, out var userId))
                return MatrixError.InvalidParam("device_keys has a key that is not a user id");
            if (user.Value.ValueKind != JsonValueKind.Array || user.Value.EnumerateArray().Any(d => d.ValueKind != JsonValueKind.String))
                return MatrixError.BadJson("device_keys has a value that is not a list of device ids");
            if (userId.Domain.SequenceEqual(settings.ServerName.Value))
                local.Add(user);
            else
                RemoteRequests.Add(byServer, userId, user);
        }

        await AddLocalAsync(local);
        var timeout = RemoteRequests.TimeoutOf(document.RootElement);
        var kept = await storage.DeviceLists.RemoteAsync([.. byServer.Values.SelectMany(u => u).Select(u => u.Name)]);
        await Task.WhenAll(byServer.Select(server => AddRemoteAsync(server.Key, server.Value, kept, timeout)));
        return _answer.ToJson();
    }

    private async Task AddRemoteAsync(string server, List<JsonProperty> users, IReadOnlyDictionary<string, RemoteDeviceList> kept, TimeSpan timeout)
    {
        var open = users.Where(u => !IsKept(u)).ToList();
        var fetched = await Task.WhenAll(open.Take(MaxFetchesPerServer).Select(async user => (User: user, Error: await FetchAsync(user.Name))));
        await AddStoredAsync([.. users.Where(IsKept), .. fetched.Where(f => f.Error is null).Select(f => f.User)], static _ => true);
        List<JsonProperty> asked = [.. fetched.Where(f => f.Error is not null).Select(f => f.User), .. open.Skip(MaxFetchesPerServer)];
        if (asked.Count == 0)
            return;

        // A server that does not answer is not asked a second time.
        var answer = fetched.Select(f => f.Error).FirstOrDefault(e => e?.Status >= 500) is { } unreachable
            ? unreachable
            : await remote.QueryAsync(server, RemoteRequests.Body("device_keys", asked), timeout);
        _answer.AddRemote(server, asked.Select(u => u.Name).ToHashSet(StringComparer.Ordinal), answer);

        bool IsKept(JsonProperty user) => kept.GetValueOrDefault(user.Name) is { Fresh: true };
    }

    private async Task<MatrixError?> FetchAsync(string userId) => await storage.Memberships.SharesRoomAsync(userId, settings.ServerName.Value)
        ? (await grains.GetGrain<IRemoteDevicesGrain>(userId).Refresh()).Error
        : MatrixError.NotFound();

    private async Task AddLocalAsync(List<JsonProperty> users)
    {
        var accounts = await storage.Accounts.ExistingAsync([.. users.Select(static user => user.Name)]);
        await AddStoredAsync(users, accounts.Contains);
    }

    /// <param name="exists">Whether a user without keys is one at all.</param>
    private async Task AddStoredAsync(List<JsonProperty> users, Func<string, bool> exists)
    {
        foreach (var some in users.Chunk(UsersAtOnce))
        {
            var keys = await new PublishedKeysReader(storage).ReadAsync([.. some.Select(static user => user.Name)], viewer);
            foreach (var user in some)
            {
                if (keys.GetValueOrDefault(user.Name) is not { } published)
                {
                    if (!exists(user.Name))
                        continue;
                    published = new PublishedKeys([], null, null, null);
                }

                var wanted = user.Value.EnumerateArray().Select(d => d.GetString()!).ToHashSet(StringComparer.Ordinal);
                _answer.AddLocal(user.Name, published, deviceId => wanted.Count == 0 || wanted.Contains(deviceId));
            }
        }
    }
}
