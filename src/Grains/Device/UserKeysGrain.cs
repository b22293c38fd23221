using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>A local user's end-to-end encryption keys: the only writer of them. Nothing is kept in memory, storage has the keys.</summary>
[GrainType("userkeys")]
public sealed class UserKeysGrain(IStorage storage, MatrixSettings settings, IRemoteUserKeys remote, TimeProvider time, ILogger<UserKeysGrain> logger)
    : Grain, IUserKeysGrain
{
    private Ownership? _ownership;

    private string UserId => this.GetPrimaryKeyString();

    private Ownership Ownership => _ownership ??= new Ownership(storage, $"user-keys:{UserId}");

    public async Task<Outcome<ReadOnlyMemory<byte>>> Upload(string deviceId, ReadOnlyMemory<byte> body)
    {
        using var document = JsonBytes.ParseObject(body, out var error);
        if (document is null)
            return error!;
        if (KeyUpload.Read(document.RootElement, UserId, deviceId, out var upload) is { } invalid)
            return invalid;

        var stored = await Ownership.ChangeAsync<Outcome<Nothing>>(
            async unit => await PutAsync(unit, upload, deviceId) is { } refused ? refused : Nothing.Value);
        return stored.Error is { } failure ? failure : await CountsAsync(deviceId);
    }

    public Task<Outcome<ReadOnlyMemory<byte>>> Query(ReadOnlyMemory<byte> body) => new KeyQuery(storage, GrainFactory, settings, remote, UserId).RunAsync(body);

    public Task<Outcome<ReadOnlyMemory<byte>>> Claim(ReadOnlyMemory<byte> body) => new KeyClaim(GrainFactory, settings, remote, logger).RunAsync(body);

    public async Task<ClaimedKey?> ClaimOwn(string deviceId, string algorithm)
    {
        string? last = null;
        while (await storage.Keys.ClaimAsync(UserId, deviceId, algorithm) is { } key && key.KeyId != last)
        {
            if (JsonText.IsReadable(key.Json.Span))
                return new ClaimedKey($"{key.Algorithm}:{key.KeyId}", key.Json);
            DeviceLog.KeyUnreadable(logger, UserId, deviceId, $"{key.Algorithm}:{key.KeyId}");

            // A fallback key stays: it comes a second time if there is no other.
            last = key.KeyId;
        }

        return null;
    }

    public Task<PublishedKeys> Published(string? viewer) => new PublishedKeysReader(storage).ReadAsync(UserId, viewer);

    public Task<Outcome<CrossSigningUpload>> UploadCrossSigningKeys(ReadOnlyMemory<byte> body, bool authenticated) =>
        new CrossSigningUploader(storage, Ownership, UserId).UploadAsync(body, authenticated);

    public Task<Outcome<ReadOnlyMemory<byte>>> UploadSignatures(ReadOnlyMemory<byte> body) =>
        new SignatureUploader(storage, Ownership, UserId).UploadAsync(body);

    public Task<Outcome<ReadOnlyMemory<byte>>> Changes(long after) => new KeyChanges(storage, UserId).ReadAsync(after);

    public Task ForgetDevices(ImmutableArray<string> deviceIds) => Ownership.WriteAsync(unit =>
    {
        foreach (var deviceId in deviceIds)
        {
            storage.Keys.DeleteDevice(unit, UserId, deviceId);
            DeviceListUpdates.AddDevice(storage, unit, UserId, deviceId);
        }
    });

    private async Task<MatrixError?> PutAsync(WriteUnit unit, KeyUpload upload, string deviceId)
    {
        // The one-time keys first: a refused upload leaves the unit empty.
        if (await AddOneTimeKeysAsync(unit, upload, deviceId) is { } refused)
            return refused;
        if (upload.DeviceKeys is not { } deviceKeys)
            return null;
        var known = (await storage.Keys.DeviceKeysAsync(UserId)).FirstOrDefault(d => d.DeviceId == deviceId);
        if (known is null || !known.Json.Span.SequenceEqual(deviceKeys.Span))
        {
            storage.Keys.PutDeviceKeys(unit, new DeviceKeysRow(UserId, deviceId, deviceKeys));
            DeviceListUpdates.AddDevice(storage, unit, UserId, deviceId);
        }

        return null;
    }

    private async Task<MatrixError?> AddOneTimeKeysAsync(WriteUnit unit, KeyUpload upload, string deviceId)
    {
        if (upload.OneTimeKeys.Count == 0 && upload.FallbackKeys.Count == 0)
            return null;
        if (upload.OneTimeKeys.Count > 0)
        {
            var stored = (await storage.Keys.OneTimeKeysAsync(UserId, deviceId)).ToDictionary(k => (k.Algorithm, k.KeyId), k => k.Json);
            var others = upload.OneTimeKeys.Where(k => stored.TryGetValue((k.Algorithm, k.KeyId), out var known) && !KeySignatures.SameJson(known, k.Json));
            if (others.FirstOrDefault() is { } other)
                return MatrixError.InvalidParam($"One-time key {other.Algorithm}:{other.KeyId} is there already with other content");
            var added = upload.OneTimeKeys.Where(k => !stored.ContainsKey((k.Algorithm, k.KeyId))).ToList();
            foreach (var algorithm in added.CountBy(static k => k.Algorithm))
            {
                if (Budgets.OneTimeKeys.CheckAll(stored.Keys.Count(k => k.Algorithm == algorithm.Key) + algorithm.Value) is { } full)
                    return full;
            }

            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            foreach (var key in added)
                storage.Keys.PutOneTimeKey(unit, key, now);
        }

        foreach (var key in upload.FallbackKeys)
            storage.Keys.PutFallbackKey(unit, key);
        if (!unit.IsEmpty)
            unit.NextPosition(ChangeKind.KeyCounts, UserId);
        return null;
    }

    private async Task<ReadOnlyMemory<byte>> CountsAsync(string deviceId)
    {
        var counts = await storage.Keys.CountsAsync(UserId, deviceId);
        return JsonBytes.Object(w =>
        {
            w.WriteStartObject("one_time_key_counts"u8);
            foreach (var (algorithm, count) in counts.OneTime)
                w.WriteNumber(algorithm, count);
            w.WriteEndObject();
        });
    }
}
