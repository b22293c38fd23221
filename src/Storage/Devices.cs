namespace OrleansMatrix.Storage;

/// <summary>A device of a local user.</summary>
/// <param name="LastSeenAt">Milliseconds since the epoch; null: never.</param>
public sealed record DeviceRow(string UserId, string DeviceId, string? DisplayName, string? LastSeenIp, long? LastSeenAt, string? UserAgent);

public interface IDeviceStore
{
    ValueTask<IReadOnlyList<DeviceRow>> OfUserAsync(string userId, CancellationToken cancellationToken = default);
    void Put(WriteUnit unit, DeviceRow row);
    /// <summary>Deletes the device alone: its tokens, keys, messages and pushers are in their owners' stores.</summary>
    void Delete(WriteUnit unit, string userId, string deviceId);
}

/// <summary>A cross-signing key of a user; usage is master, self_signing or user_signing.</summary>
public sealed record CrossSigningKeyRow(string UserId, string Usage, ReadOnlyMemory<byte> Json);
/// <summary>Identity keys of a device, as uploaded and as later signed.</summary>
public sealed record DeviceKeysRow(string UserId, string DeviceId, ReadOnlyMemory<byte> Json);
/// <summary>A one-time or fallback key; KeyId without the algorithm.</summary>
public sealed record OneTimeKeyRow(string UserId, string DeviceId, string Algorithm, string KeyId, ReadOnlyMemory<byte> Json);
/// <summary>Unused one-time keys by algorithm, and the algorithms with an unused fallback key.</summary>
public sealed record KeyCounts(IReadOnlyDictionary<string, int> OneTime, IReadOnlyList<string> UnusedFallback);

/// <summary>A signature on a key of a user.</summary>
/// <param name="Target">The device id or public key that is signed.</param>
public sealed record KeySignatureRow(string UserId, string SignerId, string KeyId, string Target, string Signature);

/// <summary>The keys of some users, by user.</summary>
/// <param name="Devices">Identity keys with the names of their devices, by device id.</param>
public sealed record KeysOfUsers(
    ILookup<string, (DeviceKeysRow Keys, string? DisplayName)> Devices, ILookup<string, CrossSigningKeyRow> CrossSigning,
    ILookup<string, KeySignatureRow> Signatures);

public interface IKeyStore
{
    ValueTask<IReadOnlyList<DeviceKeysRow>> DeviceKeysAsync(string userId, CancellationToken cancellationToken = default);
    void PutDeviceKeys(WriteUnit unit, DeviceKeysRow row);
    /// <summary>Deletes the device's identity, one-time and fallback keys, and the signatures on it.</summary>
    void DeleteDevice(WriteUnit unit, string userId, string deviceId);
    ValueTask<IReadOnlyList<CrossSigningKeyRow>> CrossSigningKeysAsync(string userId, CancellationToken cancellationToken = default);
    void PutCrossSigningKey(WriteUnit unit, CrossSigningKeyRow row);
    /// <summary>
    /// A signature that <paramref name="signerId"/>'s key made on a key of <paramref name="targetUserId"/> (target: device id or public key).
    /// </summary>
    void PutSignature(WriteUnit unit, string signerId, string keyId, string targetUserId, string target, string signature);
    /// <summary>What users have published, and who has signed it: three statements for however many users.</summary>
    ValueTask<KeysOfUsers> OfUsersAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default);

    /// <summary>The one-time key of that id, if the device has it unclaimed (to detect re-uploads with other content).</summary>
    ValueTask<IReadOnlyList<OneTimeKeyRow>> OneTimeKeysAsync(string userId, string deviceId, CancellationToken cancellationToken = default);
    void PutOneTimeKey(WriteUnit unit, OneTimeKeyRow row, long uploadedAt);
    void PutFallbackKey(WriteUnit unit, OneTimeKeyRow row);
    /// <summary>
    /// Takes the oldest unused one-time key, else the fallback key (which stays and counts as used). Atomic and durable: a one-time key is never handed out
    /// twice. Announces KeyCounts.
    /// </summary>
    ValueTask<OneTimeKeyRow?> ClaimAsync(string userId, string deviceId, string algorithm, CancellationToken cancellationToken = default);
    ValueTask<KeyCounts> CountsAsync(string userId, string deviceId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Announces a device-list change of a user at the slot (kind DeviceList). <paramref name="onlyFor"/>: a local user who alone sees the change (a signature
    /// on another user's key, the own user-signing key), which is then the slot's key; null: everybody who sees the user.
    /// </summary>
    void AddDeviceListChange(WriteUnit unit, string userId, PositionSlot slot, string? onlyFor);
    /// <summary>
    /// Users whose newest device-list change that <paramref name="viewer"/> may see is in (after, upTo]; one that has changed again since comes with a later
    /// range.
    /// </summary>
    ValueTask<IReadOnlySet<string>> DeviceListChangesAsync(long after, long upTo, string viewer, CancellationToken cancellationToken = default);

    /// <summary>Key backup versions and sessions (CS API, server-side key backups).</summary>
    IKeyBackupStore Backups { get; }
}

/// <summary>A backup version; Etag counts the changes of its sessions.</summary>
public sealed record KeyBackupRow(string UserId, long Version, string Algorithm, ReadOnlyMemory<byte> AuthData, long Etag, bool Deleted, int Count);
public sealed record BackupSessionRow(string RoomId, string SessionId, ReadOnlyMemory<byte> Json);

public interface IKeyBackupStore
{
    /// <summary>The version, also if it was deleted; null <paramref name="version"/>: the newest one that was not deleted. Count is counted.</summary>
    ValueTask<KeyBackupRow?> GetAsync(string userId, long? version, CancellationToken cancellationToken = default);
    /// <summary>The highest version the user ever had, deleted ones included; 0 before the first.</summary>
    ValueTask<long> LastVersionAsync(string userId, CancellationToken cancellationToken = default);
    /// <summary>How many versions the user has that were not deleted.</summary>
    ValueTask<long> CountAsync(string userId, CancellationToken cancellationToken = default);
    /// <summary>How many sessions are backed up in all versions of the user.</summary>
    ValueTask<long> CountSessionsAsync(string userId, CancellationToken cancellationToken = default);
    /// <summary>Inserts or replaces; Count is left aside.</summary>
    void Put(WriteUnit unit, KeyBackupRow row);
    /// <summary>Marks the version deleted and drops its sessions.</summary>
    void Delete(WriteUnit unit, string userId, long version);
    void PutSession(WriteUnit unit, string userId, long version, BackupSessionRow row);
    void DeleteSessions(WriteUnit unit, string userId, long version, string? roomId, string? sessionId);
    /// <summary>Deletes all backups of a user.</summary>
    void DeleteAll(WriteUnit unit, string userId);
    ValueTask<IReadOnlyList<BackupSessionRow>> SessionsAsync(string userId, long version, string? roomId, string? sessionId,
        CancellationToken cancellationToken = default);
}
