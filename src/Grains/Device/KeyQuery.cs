using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>keys/query: local users' keys from storage, other users' from their servers, all servers at once.</summary>
internal sealed class KeyQuery(IStorage storage, MatrixSettings settings, IRemoteUserKeys remote, string viewer)
{
    private const int MaxUsers = 10_000;

    private readonly KeyQueryAnswer _answer = new();

    public async Task<Outcome<ReadOnlyMemory<byte>>> RunAsync(ReadOnlyMemory<byte> body)
    {
        using var document = JsonBytes.ParseObject(body, out var error);
        if (document is null)
            return error!;
        if (!document.RootElement.TryGetProperty("device_keys"u8, out var users) || users.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("device_keys is not an object");
        if (users.GetPropertyCount() > MaxUsers)
            return MatrixError.TooLarge("Too many users");

        var byServer = new Dictionary<string, List<JsonProperty>>(StringComparer.Ordinal);
        foreach (var user in users.EnumerateObject())
        {
            if (!UserId.TryParse(user.Name, out var userId))
                return MatrixError.InvalidParam("device_keys has a key that is not a user id");
            if (user.Value.ValueKind != JsonValueKind.Array || user.Value.EnumerateArray().Any(d => d.ValueKind != JsonValueKind.String))
                return MatrixError.BadJson("device_keys has a value that is not a list of device ids");
            if (userId.Domain.SequenceEqual(settings.ServerName.Value))
                await AddLocalAsync(user);
            else
                RemoteRequests.Add(byServer, userId, user);
        }

        var timeout = RemoteRequests.TimeoutOf(document.RootElement);
        var answers = await Task.WhenAll(byServer.Select(async s => (Server: s.Key, Users: s.Value, Answer: await remote.QueryAsync(s.Key, RemoteRequests.Body("device_keys", s.Value), timeout))));
        foreach (var (name, asked, answer) in answers)
            _answer.AddRemote(name, asked.Select(u => u.Name).ToHashSet(StringComparer.Ordinal), answer);
        return _answer.ToJson();
    }

    private async Task AddLocalAsync(JsonProperty user)
    {
        var keys = await new PublishedKeysReader(storage).ReadAsync(user.Name, viewer);
        if (keys.Devices.IsEmpty && keys.Master is null && await storage.Accounts.GetAsync(user.Name) is null)
            return;
        var wanted = user.Value.EnumerateArray().Select(d => d.GetString()!).ToHashSet(StringComparer.Ordinal);
        _answer.AddLocal(user.Name, keys, deviceId => wanted.Count == 0 || wanted.Contains(deviceId));
    }
}
