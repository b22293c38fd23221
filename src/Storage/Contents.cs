namespace OrleansMatrix.Storage;

/// <summary>Content that is whole.</summary>
/// <param name="Upload">What its pieces are kept under.</param>
/// <param name="Size">Bytes.</param>
public sealed record ContentRow(string Upload, long Size);

/// <summary>
/// The content of media on PostgreSQL, in pieces of <see cref="PieceSize"/> bytes, the last one shorter, so that nobody holds more than a piece in memory. It
/// appears under its name when it is whole. Every call may be repeated.
/// </summary>
public interface IContentPieces
{
    /// <summary>Bytes of a piece.</summary>
    const int PieceSize = 256 * 1024;

    /// <summary>Starts an upload.</summary>
    /// <param name="upload">A name that nobody else uses.</param>
    /// <param name="startedAt">Milliseconds since the epoch.</param>
    Task BeginAsync(string upload, long startedAt, CancellationToken cancellationToken = default);

    /// <summary>Keeps a piece, durably.</summary>
    /// <param name="piece">Its number, from 0 on.</param>
    Task PutAsync(string upload, int piece, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default);

    /// <summary>Gives the upload its name, unless other content has it: content of one name is the same.</summary>
    Task CompleteAsync(string upload, string name, long size, CancellationToken cancellationToken = default);

    /// <summary>Deletes an upload that has no name.</summary>
    Task DiscardAsync(string upload, CancellationToken cancellationToken = default);

    /// <summary>The content of a name, or null.</summary>
    ValueTask<ContentRow?> FindAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>A piece; null if there is none.</summary>
    ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string upload, int piece, CancellationToken cancellationToken = default);
}

/// <summary>The content of media, where it is kept.</summary>
public interface IContentStore : IContentPieces
{
    /// <summary>Deletes the uploads without a name that were started before a time (milliseconds since the epoch): who sent them is gone.</summary>
    Task DeleteAbandonedAsync(long before, CancellationToken cancellationToken = default);
}
