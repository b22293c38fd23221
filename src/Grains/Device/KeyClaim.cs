using System.Runtime.ExceptionServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.Device;

/// <summary>keys/claim: local devices' keys from their users' grains, other devices' from their servers, all at once.</summary>
internal sealed class KeyClaim(IGrainFactory grains, MatrixSettings settings, IRemoteUserKeys remote, ILogger logger)
{
    private const int MaxDevices = 10_000;

    // The list, the user, the device: what cannot be read below is left out by itself.
    private const int LevelsOfDevices = 3;

    private readonly SortedDictionary<string, SortedDictionary<string, ClaimedKey>> _local = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ReadOnlyMemory<byte>> _remote = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ReadOnlyMemory<byte>> _failures = new(StringComparer.Ordinal);

    private ExceptionDispatchInfo? _fault;

    public async Task<Outcome<ReadOnlyMemory<byte>>> RunAsync(ReadOnlyMemory<byte> body)
    {
        using var document = JsonBytes.ParseObject(body, out var error);
        if (document is null)
            return error!;
        if (!document.RootElement.TryGetProperty("one_time_keys"u8, out var users) || users.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("one_time_keys is not an object");
        if (RemoteRequests.CheckTimeout(document.RootElement) is { } wrong)
            return wrong;

        var byServer = new Dictionary<string, List<JsonProperty>>(StringComparer.Ordinal);
        var claims = new List<(string UserId, string DeviceId, string Algorithm)>();
        var devices = 0;
        foreach (var user in users.EnumerateObject())
        {
            if (!UserId.TryParse(user.Name, out var userId))
                return MatrixError.InvalidParam("one_time_keys has a key that is not a user id");
            if (user.Value.ValueKind != JsonValueKind.Object || user.Value.EnumerateObject().Any(d => d.Value.ValueKind != JsonValueKind.String))
                return MatrixError.BadJson("one_time_keys has a value that is not a map of device ids to algorithms");
            devices += user.Value.GetPropertyCount();
            if (devices > MaxDevices)
                return MatrixError.TooLarge("Too many devices");
            if (userId.Domain.SequenceEqual(settings.ServerName.Value))
                claims.AddRange(user.Value.EnumerateObject().Select(d => (user.Name, d.Name, d.Value.GetString()!)));
            else
                RemoteRequests.Add(byServer, userId, user);
        }

        var timeout = RemoteRequests.TimeoutOf(document.RootElement);
        var remoteAnswers = await Task.WhenAll(
            byServer.Select(async s =>
            (Server: s.Key, Users: s.Value, Answer: await remote.ClaimAsync(s.Key, RemoteRequests.Body("one_time_keys", s.Value), timeout))));
        foreach (var (name, asked, answer) in remoteAnswers)
            AddRemote(name, asked, answer);

        // Last, when nothing is left to wait for: a key is gone once it is claimed, so it must get into the answer.
        await Task.WhenAll(claims.DistinctBy(c => (c.UserId, c.DeviceId)).GroupBy(c => c.UserId).Select(u => ClaimLocalAsync(u.Key, u)));
        if (_local.Count == 0 && _remote.Count == 0)
            _fault?.Throw();
        return JsonBytes.Object(Write);
    }

    private async Task ClaimLocalAsync(string userId, IEnumerable<(string UserId, string DeviceId, string Algorithm)> claims)
    {
        var grain = grains.GetGrain<IUserKeysGrain>(userId);
        foreach (var (_, deviceId, algorithm) in claims)
        {
            ClaimedKey? key;
            try
            {
                key = await grain.ClaimOwn(deviceId, algorithm);
            }
            catch (Exception fault)
            {
                // What was claimed of others is gone and has to be sent; where nothing was, the client had better ask again.
                _fault ??= ExceptionDispatchInfo.Capture(fault);
                DeviceLog.ClaimFailed(logger, userId, deviceId, fault);
                _failures[settings.ServerName.Value] = MatrixError.Unknown("Some keys could not be had", 503).ToJson();
                continue;
            }

            if (key is null)
                continue;
            if (!_local.TryGetValue(userId, out var keys))
                _local[userId] = keys = new(StringComparer.Ordinal);
            keys[deviceId] = key;
        }
    }

    private void AddRemote(string name, List<JsonProperty> asked, Outcome<ReadOnlyMemory<byte>> answer)
    {
        JsonDocument? document = null;
        var error = answer.Error;
        if (error is null)
            document = JsonBytes.ParseObject(JsonParts.Readable(answer.Value, LevelsOfDevices, out _), out error);
        if (document is null)
        {
            _failures[name] = error!.ToJson();
            return;
        }

        using (document)
        {
            if (!document.RootElement.TryGetProperty("one_time_keys"u8, out var users) || users.ValueKind != JsonValueKind.Object)
                return;
            foreach (var user in asked)
            {
                if (users.TryGetProperty(user.Name, out var keys) && keys.ValueKind == JsonValueKind.Object)
                    _remote[user.Name] = JsonBytes.Raw(keys);
            }
        }
    }

    private void Write(Utf8JsonWriter w)
    {
        w.WriteStartObject("failures"u8);
        foreach (var (name, json) in _failures)
        {
            w.WritePropertyName(name);
            w.WriteRaw(json.Span);
        }

        w.WriteEndObject();
        w.WriteStartObject("one_time_keys"u8);
        foreach (var (userId, devices) in _local)
        {
            w.WriteStartObject(userId);
            foreach (var (deviceId, key) in devices)
            {
                w.WriteStartObject(deviceId);
                w.WritePropertyName(key.KeyId);
                w.WriteRaw(key.Json.Span);
                w.WriteEndObject();
            }

            w.WriteEndObject();
        }

        foreach (var (userId, json) in _remote)
        {
            w.WritePropertyName(userId);
            w.WriteRaw(json.Span);
        }

        w.WriteEndObject();
    }
}
