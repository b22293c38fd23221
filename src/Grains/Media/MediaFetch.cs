using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>
/// A download of media from another server, for those who read what has come of it while it goes on (ADR 0124). Who downloads calls <see cref="Begin"/>,
/// <see cref="Grow"/> and then one of <see cref="End"/> and <see cref="Fail"/>; any number of others read.
/// </summary>
/// <param name="id">Its name, which no other download has.</param>
public sealed class MediaFetch(string id)
{
    // Of a piece of the database; a folder gives less at once.
    private const int MaxPart = IContentPieces.PieceSize;

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Outcome<MediaRow>> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IMediaWriter? _content;
    private long? _length;
    private long _readable;

    /// <summary>Its name.</summary>
    public string Id => id;

    /// <summary>What those who read it are told before; null before <see cref="Begin"/>.</summary>
    public OpenedMedia? Headers { get; private set; }

    /// <summary>Ends with the first bytes that can be read, or with the download.</summary>
    public Task Started => _started.Task;

    /// <summary>Ends with the download: the media if all of it came and is stored, else why not.</summary>
    public Task<Outcome<MediaRow>> Ended => _ended.Task;

    /// <summary>The other server has sent what stands before the content.</summary>
    /// <param name="content">Where the content is written.</param>
    /// <param name="length">Bytes, if the other server said how many.</param>
    public void Begin(IMediaWriter content, string contentType, string? fileName, long? length)
    {
        lock (_lock)
            (_content, _length, Headers) = (content, length, new OpenedMedia(null, length, contentType, fileName, id));
    }

    /// <summary>There are so many bytes now. The last one of a known length is kept back: whoever had it would take the content for whole.</summary>
    public void Grow(long written)
    {
        TaskCompletionSource grown;
        lock (_lock)
        {
            _readable = _length is { } length ? Math.Min(written, length - 1) : written;
            if (_readable <= 0)
                return;
            (grown, _grown) = (_grown, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        _started.TrySetResult();
        grown.TrySetResult();
    }

    /// <summary>The content is stored and its row written, or the download has failed.</summary>
    public void End(Outcome<MediaRow> outcome) => Finish(() => _ended.TrySetResult(outcome));

    /// <summary>Something is wrong here, or this silo stops.</summary>
    public void Fail(Exception fault) => Finish(() =>
    {
        _ended.TrySetException(fault);

        // Perhaps nobody waits for it.
        _ = _ended.Task.Exception;
    });

    /// <summary>What has come from a position on, waiting for it; the error of the download if it has failed.</summary>
    public async Task<Outcome<FetchedPart>> ReadAsync(long position)
    {
        while (true)
        {
            Task grown;
            IMediaWriter? content;
            long readable;
            lock (_lock)
                (grown, content, readable) = (_grown.Task, _content, _readable);
            if (_ended.Task.IsCompleted)
                return (await _ended.Task).TryGet(out var row, out var error) ? new FetchedPart(default, row.Sha256) : error;

            // Of content that is being completed there is nothing to read, and its end comes soon.
            if (position < readable && await content!.ReadAsync(position, (int)Math.Min(readable - position, MaxPart)) is { IsEmpty: false } bytes)
                return new FetchedPart(bytes, null);
            await grown;
        }
    }

    private void Finish(Action end)
    {
        TaskCompletionSource grown;
        lock (_lock)
        {
            end();
            grown = _grown;
            _content = null;
        }

        _started.TrySetResult();
        grown.TrySetResult();
    }
}
