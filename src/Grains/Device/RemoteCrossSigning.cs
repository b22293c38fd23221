using System.Text.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>
/// The public cross-signing keys of a remote user, <c>master_key</c> and <c>self_signing_key</c> of an object. A self-signing key counts if the master key has
/// signed it.
/// </summary>
internal static class RemoteCrossSigning
{
    /// <summary>Puts the keys of an m.signing_key_update into the unit; false if there is none.</summary>
    public static async Task<bool> TryPutAsync(WriteUnit unit, IStorage storage, string userId, JsonElement content)
    {
        var master = ReadMaster(content, userId);
        var known = master ?? await StoredMasterAsync(storage, userId);
        return Put(unit, storage, userId, known, content) || master is not null;
    }

    /// <summary>The master key; null if there is none or it is malformed.</summary>
    public static CrossSigningKey? ReadMaster(JsonElement content, string userId) => Read(content, userId, CrossSigningKey.Master);

    /// <summary>Puts the keys into the unit; true if a self-signing key is among them.</summary>
    public static bool Put(WriteUnit unit, IStorage storage, string userId, CrossSigningKey? master, JsonElement content)
    {
        if (master is null)
            return false;
        storage.Keys.PutCrossSigningKey(unit, new CrossSigningKeyRow(userId, CrossSigningKey.Master, master.Json));
        if (Read(content, userId, CrossSigningKey.SelfSigning) is not { } selfSigning || !KeySignatures.IsSignedBy(selfSigning.Json, userId, master.Key))
            return false;
        storage.Keys.PutCrossSigningKey(unit, new CrossSigningKeyRow(userId, CrossSigningKey.SelfSigning, selfSigning.Json));
        return true;
    }

    private static async Task<CrossSigningKey?> StoredMasterAsync(IStorage storage, string userId) =>
        (await storage.Keys.CrossSigningKeysAsync(userId)).FirstOrDefault(k => k.Usage == CrossSigningKey.Master) is { } row
            ? CrossSigningKey.FromStored(row.Usage, row.Json) : null;

    private static CrossSigningKey? Read(JsonElement content, string userId, string usage) =>
        content.TryGetProperty(usage + "_key", out var json) && CrossSigningKey.Read(json, userId, usage, out var key) is null ? key : null;
}
