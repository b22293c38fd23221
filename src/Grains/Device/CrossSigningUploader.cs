using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>keys/device_signing/upload (CS API, Cross-signing).</summary>
internal sealed class CrossSigningUploader(IStorage storage, Ownership ownership, string userId)
{
    public async Task<Outcome<CrossSigningUpload>> UploadAsync(ReadOnlyMemory<byte> body, bool authenticated)
    {
        using var document = JsonBytes.ParseObject(body, out var error);
        if (document is null)
            return error!;
        if (Read(document.RootElement, out var uploaded) is { } invalid)
            return invalid;
        return await ownership.ChangeAsync(unit => PutAsync(unit, uploaded, authenticated));
    }

    private async ValueTask<Outcome<CrossSigningUpload>> PutAsync(WriteUnit unit, List<CrossSigningKey> uploaded, bool authenticated)
    {
        var stored = (await storage.Keys.CrossSigningKeysAsync(userId))
            .Select(row => CrossSigningKey.FromStored(row.Usage, row.Json)).OfType<CrossSigningKey>().ToDictionary(k => k.Usage, StringComparer.Ordinal);
        var master = uploaded.FirstOrDefault(k => k.Usage == CrossSigningKey.Master) ?? stored.GetValueOrDefault(CrossSigningKey.Master);
        if (master is null)
            return MatrixError.MissingParam("No master key is available");
        if (uploaded.Any(k => k.Usage != CrossSigningKey.Master && !KeySignatures.IsSignedBy(k.Json, userId, master.Key)))
            return new MatrixError(ErrCodes.InvalidSignature, 400, "A key is not signed by the master key");

        // Authentication guards the keys there are: the first upload and a repeated one go without (v1.11).
        var changed = uploaded.Where(k => !stored.TryGetValue(k.Usage, out var old) || old.PublicKey != k.PublicKey).ToList();
        if (!authenticated && changed.Count > 0 && stored.ContainsKey(CrossSigningKey.Master))
            return CrossSigningUpload.AuthenticationNeeded;
        if (changed.Count == 0)
            return CrossSigningUpload.Stored;
        if ((await storage.Keys.DeviceKeysAsync(userId)).Any(d => changed.Any(k => k.PublicKey == d.DeviceId)))
            return MatrixError.Forbidden("Key ID in use");

        foreach (var key in changed)
            storage.Keys.PutCrossSigningKey(unit, new CrossSigningKeyRow(userId, key.Usage, key.Json));

        // Others never see the user-signing key: its change is for the user's own devices.
        if (changed.TrueForAll(k => k.Usage == CrossSigningKey.UserSigning))
            storage.Keys.AddDeviceListChange(unit, userId, unit.NextPosition(ChangeKind.DeviceList, userId), onlyFor: userId);
        else
            DeviceListUpdates.AddCrossSigning(storage, unit, userId);
        return CrossSigningUpload.Stored;
    }

    private MatrixError? Read(JsonElement body, out List<CrossSigningKey> keys)
    {
        keys = [];
        foreach (var usage in (ReadOnlySpan<string>)[CrossSigningKey.Master, CrossSigningKey.SelfSigning, CrossSigningKey.UserSigning])
        {
            if (!body.TryGetProperty(usage + "_key", out var json) || json.ValueKind == JsonValueKind.Null)
                continue;
            if (CrossSigningKey.Read(json, userId, usage, out var key) is { } error)
                return error;
            keys.Add(key!);
        }

        return keys.Count == 0 ? MatrixError.MissingParam("No key is given") : null;
    }
}
