using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>keys/signatures/upload (CS API, Cross-signing): signatures that the user's keys made on its own keys and on other users' master keys.</summary>
internal sealed class SignatureUploader(IStorage storage, Ownership ownership, string userId)
{
    private const int MaxObjects = 1000;
    private static readonly MatrixError s_unknownKey = MatrixError.NotFound("Unknown key");
    private static readonly MatrixError s_otherContent = MatrixError.InvalidParam("The object is not the key that is known");
    private static readonly MatrixError s_badSignature = new(ErrCodes.InvalidSignature, 400, "Invalid signature");

    private readonly HashSet<string> _ownTargets = new(StringComparer.Ordinal);
    private readonly List<(string UserId, string KeyId, MatrixError Error)> _failures = [];
    private WriteUnit _unit = null!;

    public Task<Outcome<ReadOnlyMemory<byte>>> UploadAsync(ReadOnlyMemory<byte> body) => ownership.ChangeAsync(unit =>
    {
        _unit = unit;
        _ownTargets.Clear();
        _failures.Clear();
        return FillAsync(body);
    });

    /// <summary>Fills the unit. An error is answered with the unit empty.</summary>
    private async ValueTask<Outcome<ReadOnlyMemory<byte>>> FillAsync(ReadOnlyMemory<byte> body)
    {
        using var document = JsonBytes.ParseObject(body, out var error);
        if (document is null)
            return error!;
        var targets = document.RootElement.EnumerateObject().ToList();
        if (targets.Exists(t => t.Value.ValueKind != JsonValueKind.Object))
            return MatrixError.BadJson("A user's signatures are not an object");
        if (targets.Sum(t => t.Value.GetPropertyCount()) > MaxObjects)
            return MatrixError.TooLarge("Too many signatures");
        var own = await KeySet.LoadAsync(storage, userId);
        foreach (var target in targets)
        {
            var targetKeys = target.Name == userId ? own : await KeySet.LoadAsync(storage, target.Name);
            if (!AddAll(own, targetKeys, target))
                continue;

            // A signature on another user's key is only shown to the one who made it.
            if (target.Name == userId)
                AnnounceOwn(own);
            else
                storage.Keys.AddDeviceListChange(_unit, target.Name, _unit.NextPosition(ChangeKind.DeviceList, userId), onlyFor: userId);
        }

        return JsonBytes.Object(WriteFailures);
    }

    private void AnnounceOwn(KeySet own)
    {
        foreach (var target in _ownTargets)
        {
            if (own.DeviceKeys.ContainsKey(target))
                DeviceListUpdates.AddDevice(storage, _unit, userId, target);
            else
                DeviceListUpdates.AddCrossSigning(storage, _unit, userId);
        }
    }

    private bool AddAll(KeySet own, KeySet targetKeys, JsonProperty target)
    {
        var added = false;
        foreach (var signed in target.Value.EnumerateObject())
        {
            var failure = target.Name == userId
                ? AddOwn(own, signed.Name, signed.Value, ref added)
                : AddOther(own, targetKeys, target.Name, signed.Name, signed.Value, ref added);
            if (failure is not null)
                _failures.Add((target.Name, signed.Name, failure));
        }

        return added;
    }

    /// <summary>A device, signed by the self-signing key, or the master key, signed by devices.</summary>
    private MatrixError? AddOwn(KeySet own, string name, JsonElement signed, ref bool added)
    {
        if (own.DeviceKeys.TryGetValue(name, out var device))
            return Add(userId, name, device, signed, keyId => Match(own.SelfSigning, keyId), ref added);
        if (own.Master?.PublicKey == name)
            return Add(userId, name, own.Master.Json, signed, own.DeviceSigningKey, ref added);
        return s_unknownKey;
    }

    /// <summary>Another user's master key, signed by the user-signing key.</summary>
    private MatrixError? AddOther(KeySet own, KeySet targetKeys, string targetUserId, string name, JsonElement signed, ref bool added)
    {
        if (targetKeys.Master?.PublicKey != name)
            return s_unknownKey;
        return Add(targetUserId, name, targetKeys.Master.Json, signed, keyId => Match(own.UserSigning, keyId), ref added);
    }

    private MatrixError? Add(
        string targetUserId, string target, ReadOnlyMemory<byte> known, JsonElement signed, Func<string, VerifyKey?> findKey, ref bool added)
    {
        if (signed.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("A signed key is not an object");
        if (!KeySignatures.SameContent(known, JsonBytes.Raw(signed)))
            return s_otherContent;
        var signatures = KeyJson.SignaturesOf(signed).Where(s => s.SignerId == userId).ToList();
        var accepted = 0;
        foreach (var signature in signatures)
        {
            // The object as fetched carries the signatures it had; only keys that may sign it count.
            if (findKey(signature.KeyId) is not { } key)
                continue;
            if (!KeySignatures.IsSignedBy(JsonBytes.Raw(signed), userId, key))
                return s_badSignature;
            storage.Keys.PutSignature(_unit, userId, signature.KeyId, targetUserId, target, signature.Signature);
            if (targetUserId == userId)
                _ownTargets.Add(target);
            accepted++;
        }

        added |= accepted > 0;
        return accepted == 0 ? s_badSignature : null;
    }

    private static VerifyKey? Match(CrossSigningKey? key, string keyId) => key?.Key.KeyId == keyId ? key.Key : null;

    private void WriteFailures(Utf8JsonWriter w)
    {
        w.WriteStartObject("failures"u8);
        foreach (var user in _failures.GroupBy(f => f.UserId))
        {
            w.WriteStartObject(user.Key);
            foreach (var failure in user)
            {
                w.WritePropertyName(failure.KeyId);
                failure.Error.WriteTo(w);
            }

            w.WriteEndObject();
        }

        w.WriteEndObject();
    }
}
