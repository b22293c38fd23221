using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <inheritdoc cref="IContentGrain"/>
/// <remarks>Only gateways of a cluster on PostgreSQL ask it; they reach a folder by themselves.</remarks>
[StatelessWorker, Reentrant]
[GrainType("content")]
public sealed class ContentGrain(IStorage storage, IThumbnails thumbnails) : Grain, IContentGrain
{
    private IContentStore Store => storage.Contents ?? throw new InvalidOperationException("the database keeps no content");

    /// <inheritdoc/>
    public Task Begin(string upload, long startedAt) => Store.BeginAsync(upload, startedAt);

    /// <inheritdoc/>
    public Task Put(string upload, int piece, ReadOnlyMemory<byte> bytes) => Store.PutAsync(upload, piece, bytes);

    /// <inheritdoc/>
    public Task Complete(string upload, string name, long size) => Store.CompleteAsync(upload, name, size);

    /// <inheritdoc/>
    public Task Discard(string upload) => Store.DiscardAsync(upload);

    /// <inheritdoc/>
    public async Task<FoundContent?> Find(string name) => await Store.FindAsync(name) is { } row ? new FoundContent(row.Upload, row.Size) : null;

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> Read(string upload, int piece) => Store.ReadAsync(upload, piece).AsTask();

    /// <inheritdoc/>
    public Task<Outcome<FoundThumbnail>> Thumbnail(MediaInfo media, int width, int height, bool crop) =>
        thumbnails.GetAsync(media, new ThumbnailSize(width, height, crop));
}
