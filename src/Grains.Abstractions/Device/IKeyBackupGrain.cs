using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Device;

/// <summary>A user's server-side key backups; key: user id. Answers are finished response bodies.</summary>
[Alias("IKeyBackupGrain"), GrainInterfaceType("IKeyBackupGrain")]
public interface IKeyBackupGrain : IGrainWithStringKey
{
    /// <summary>Starts a new backup, which becomes the current one.</summary>
    [Alias("CreateVersion")]
    Task<Outcome<ReadOnlyMemory<byte>>> CreateVersion(ReadOnlyMemory<byte> body);

    /// <summary>Describes a backup; null: the current one.</summary>
    [Alias("GetVersion")]
    Task<Outcome<ReadOnlyMemory<byte>>> GetVersion(string? version);

    /// <summary>Replaces a backup's <c>auth_data</c>.</summary>
    [Alias("UpdateVersion")]
    Task<Outcome<Nothing>> UpdateVersion(string version, ReadOnlyMemory<byte> body);

    /// <summary>Deletes a backup and its keys; succeeds again if it was deleted before.</summary>
    [Alias("DeleteVersion")]
    Task<Outcome<Nothing>> DeleteVersion(string version);

    /// <summary>
    /// Stores keys in the current backup: of all rooms (<paramref name="roomId"/> null), of one room, or one session's. A key that is there already is only
    /// replaced by a better one.
    /// </summary>
    [Alias("PutKeys")]
    Task<Outcome<ReadOnlyMemory<byte>>> PutKeys(string version, string? roomId, string? sessionId, ReadOnlyMemory<byte> body);

    /// <summary>The keys of a backup, of one of its rooms or one session's.</summary>
    [Alias("GetKeys")]
    Task<Outcome<ReadOnlyMemory<byte>>> GetKeys(string version, string? roomId, string? sessionId);

    /// <summary>Deletes the keys of a backup, of one of its rooms or one session's.</summary>
    [Alias("DeleteKeys")]
    Task<Outcome<ReadOnlyMemory<byte>>> DeleteKeys(string version, string? roomId, string? sessionId);

    /// <summary>The user is erased: all backups go.</summary>
    [Alias("Erase")]
    Task Erase();
}
