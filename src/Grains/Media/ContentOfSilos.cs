using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>
/// Content and thumbnails as a gateway has them that opens no database: from whichever silo answers. A call that meets a dying silo is made once more, since
/// what is under way between client and gateway cannot be begun again.
/// </summary>
internal sealed class ContentOfSilos(IGrainFactory grains) : IContentPieces, IThumbnails
{
    private IContentGrain Silos => grains.GetGrain<IContentGrain>(IContentGrain.Key);

    public Task BeginAsync(string upload, long startedAt, CancellationToken cancellationToken = default) =>
        AskAsync(() => Silos.Begin(upload, startedAt), cancellationToken);

    public Task PutAsync(string upload, int piece, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default) =>
        AskAsync(() => Silos.Put(upload, piece, bytes), cancellationToken);

    public Task CompleteAsync(string upload, string name, long size, CancellationToken cancellationToken = default) =>
        AskAsync(() => Silos.Complete(upload, name, size), cancellationToken);

    public Task DiscardAsync(string upload, CancellationToken cancellationToken = default) => AskAsync(() => Silos.Discard(upload), cancellationToken);

    public async ValueTask<ContentRow?> FindAsync(string name, CancellationToken cancellationToken = default) =>
        await AskAsync(() => Silos.Find(name), cancellationToken) is { } found ? new ContentRow(found.Upload, found.Size) : null;

    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string upload, int piece, CancellationToken cancellationToken = default) =>
        await AskAsync(() => Silos.Read(upload, piece), cancellationToken);

    public Task<Outcome<FoundThumbnail>> GetAsync(MediaInfo media, ThumbnailSize wanted) =>
        AskAsync(() => Silos.Thumbnail(media, wanted.Width, wanted.Height, wanted.Crop), CancellationToken.None);

    private static async Task<T> AskAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call().WaitAsync(cancellationToken);
        }
        catch (OrleansMessageRejectionException)
        {
            return await call().WaitAsync(cancellationToken);
        }
    }

    private static Task<bool> AskAsync(Func<Task> call, CancellationToken cancellationToken) => AskAsync(
        async () =>
        {
            await call();
            return true;
        },
        cancellationToken);
}
