namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Identity keys, signatures and one-time keys.</summary>
internal sealed class KeyStore(ISqlDatabase database) : IKeyStore
{
    private static readonly Func<SqlRow, string> FirstText = static row => row.Text(0);

    private static readonly Statement[] DeletesOfDevice =
    [
        new("DELETE FROM device_keys WHERE user_id = $1 AND device_id = $2"),
        new("DELETE FROM one_time_keys WHERE user_id = $1 AND device_id = $2"),
        new("DELETE FROM fallback_keys WHERE user_id = $1 AND device_id = $2"),
        new("DELETE FROM key_signatures WHERE target_user_id = $1 AND target = $2"),
    ];

    public IKeyBackupStore Backups { get; } = new KeyBackupStore(database);

    public ValueTask<IReadOnlyList<DeviceKeysRow>> DeviceKeysAsync(string userId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(KeyStatements.DeviceKeys, static row => new DeviceKeysRow(row.Text(0), row.Text(1), row.Blob(2)), cancellationToken,
            userId).AsReadOnly();

    public void DeleteDevice(WriteUnit unit, string userId, string deviceId)
    {
        foreach (var delete in DeletesOfDevice) unit.Add(delete, userId, deviceId);
    }

    public void PutDeviceKeys(WriteUnit unit, DeviceKeysRow row) => unit.Add(KeyStatements.PutDeviceKeys, row.UserId, row.DeviceId, row.Json);

    public ValueTask<IReadOnlyList<CrossSigningKeyRow>> CrossSigningKeysAsync(string userId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(KeyStatements.CrossSigningKeys, static row => new CrossSigningKeyRow(row.Text(0), row.Text(1), row.Blob(2)), cancellationToken,
            userId).AsReadOnly();

    public void PutCrossSigningKey(WriteUnit unit, CrossSigningKeyRow row) => unit.Add(KeyStatements.PutCrossSigningKey, row.UserId, row.Usage, row.Json);

    public void PutSignature(WriteUnit unit, string signerId, string keyId, string targetUserId, string target, string signature) =>
        unit.Add(KeyStatements.PutSignature, targetUserId, signerId, SqlText.Key(keyId, target), keyId, target, signature);

    public async ValueTask<KeysOfUsers> OfUsersAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default)
    {
        var devices = await database.QueryListAsync(
            KeyStatements.DeviceKeysOfUsers, static row => (new DeviceKeysRow(row.Text(0), row.Text(1), row.Blob(2)), row.TextOrNull(3)), userIds,
            cancellationToken).ConfigureAwait(false);
        var crossSigning = await database.QueryListAsync(
            KeyStatements.CrossSigningKeysOfUsers, static row => new CrossSigningKeyRow(row.Text(0), row.Text(1), row.Blob(2)), userIds, cancellationToken)
            .ConfigureAwait(false);
        var signatures = await database.QueryListAsync(
            KeyStatements.SignaturesOfUsers, static row => new KeySignatureRow(row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4)), userIds,
            cancellationToken).ConfigureAwait(false);
        return new KeysOfUsers(
            devices.ToLookup(static d => d.Item1.UserId, StringComparer.Ordinal), crossSigning.ToLookup(static k => k.UserId, StringComparer.Ordinal),
            signatures.ToLookup(static s => s.UserId, StringComparer.Ordinal));
    }

    public ValueTask<IReadOnlyList<OneTimeKeyRow>> OneTimeKeysAsync(string userId, string deviceId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(KeyStatements.OneTimeKeys, KeyStatements.ReadKey, cancellationToken, userId, deviceId).AsReadOnly();

    public void PutOneTimeKey(WriteUnit unit, OneTimeKeyRow row, long uploadedAt) =>
        unit.Add(KeyStatements.PutOneTimeKey, row.UserId, row.DeviceId, SqlText.Key(row.Algorithm), SqlText.Key(row.KeyId), row.Algorithm, row.KeyId,
            row.Json, uploadedAt);

    public void PutFallbackKey(WriteUnit unit, OneTimeKeyRow row) =>
        unit.Add(KeyStatements.PutFallbackKey, row.UserId, row.DeviceId, SqlText.Key(row.Algorithm), row.Algorithm, row.KeyId, row.Json);

    public async ValueTask<OneTimeKeyRow?> ClaimAsync(string userId, string deviceId, string algorithm, CancellationToken cancellationToken = default)
    {
        var algorithmKey = SqlText.Key(algorithm);
        var stored = await database.QueryAsync(KeyStatements.HasKeys, static row => row.Integer(0), cancellationToken, userId, deviceId,
            algorithmKey).ConfigureAwait(false);
        if (stored.Contains(1) && await TakeAsync(KeyStatements.Claim).ConfigureAwait(false) is { } key) return key;
        return stored.Contains(2) ? await TakeAsync(KeyStatements.ClaimFallback).ConfigureAwait(false) : null;

        async Task<OneTimeKeyRow?> TakeAsync(Statement statement)
        {
            var unit = new WriteUnit();
            unit.NextPosition(ChangeKind.KeyCounts, userId);
            var rows = await database.WriteAsync(unit, statement, KeyStatements.ReadKey, userId, deviceId, algorithmKey).ConfigureAwait(false);
            return rows.Count > 0 ? rows[0] : null;
        }
    }

    public async ValueTask<KeyCounts> CountsAsync(string userId, string deviceId, CancellationToken cancellationToken = default)
    {
        var counts = await database.QueryAsync(KeyStatements.Counts, static row => KeyValuePair.Create(row.Text(0), (int)row.Integer(1)), cancellationToken,
            userId, deviceId).ConfigureAwait(false);
        var unused = await database.QueryAsync(KeyStatements.UnusedFallbacks, FirstText, cancellationToken, userId, deviceId).ConfigureAwait(false);
        return new KeyCounts(counts.ToDictionary(StringComparer.Ordinal), unused);
    }

    public void AddDeviceListChange(WriteUnit unit, string userId, PositionSlot slot, string? onlyFor) =>
        unit.Add(KeyStatements.AddDeviceListChange, userId, onlyFor ?? "", slot);

    public async ValueTask<IReadOnlySet<string>> DeviceListChangesAsync(long after, long upTo, string viewer, CancellationToken cancellationToken = default) =>
        (await database.QueryAsync(KeyStatements.DeviceListChanges, FirstText, cancellationToken, after, upTo,
            viewer).ConfigureAwait(false)).ToHashSet(StringComparer.Ordinal);
}
