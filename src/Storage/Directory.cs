namespace OrleansMatrix.Storage;

public sealed record AliasRow(string Alias, string RoomId, string Creator);

public interface IDirectoryStore
{
    ValueTask<AliasRow?> GetAliasAsync(string alias, CancellationToken cancellationToken = default);
    ValueTask<IReadOnlyList<string>> AliasesOfAsync(string roomId, CancellationToken cancellationToken = default);
    /// <summary>The commit fails with <see cref="ConflictException"/> if the alias is taken.</summary>
    /// <summary>How many aliases that user made.</summary>
    ValueTask<long> CountOfCreatorAsync(string userId, CancellationToken cancellationToken = default);
    void AddAlias(WriteUnit unit, AliasRow row);
    /// <summary>Nothing happens if the alias is another row by then.</summary>
    void DeleteAlias(WriteUnit unit, AliasRow row);
}

/// <summary>Media known to this server; the bytes lie under the hash, in <see cref="IContentStore"/> or a folder.</summary>
/// <param name="Uploader">User id for local media; null for cached remote media.</param>
/// <param name="Sha256">Lower-case hex of the content; null while a created media id waits for its upload.</param>
/// <param name="CreatedAt">Milliseconds since the epoch.</param>
public sealed record MediaRow(
    string Origin, string MediaId, string? Uploader, string? ContentType, string? FileName, long Size, string? Sha256, long CreatedAt);

public interface IMediaStore
{
    ValueTask<MediaRow?> GetAsync(string origin, string mediaId, CancellationToken cancellationToken = default);
    void Put(WriteUnit unit, MediaRow row);
    void Delete(WriteUnit unit, string origin, string mediaId);
}
