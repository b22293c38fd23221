using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>One piece of media: its row, and who waits for it.</summary>
[GrainType("media")]
public sealed class MediaGrain(
    IStorage storage, MatrixSettings settings, IRemoteMedia remote, IRandom random, TimeProvider time, IHostApplicationLifetime lifetime,
    ILogger<MediaGrain> logger) : Grain, IMediaGrain
{
    // The recommended default (content-repo.yaml, POST /create).
    private const long ReservationMs = 24 * 60 * 60 * 1000;
    private const long MaxWaitMs = 20_000;
    private const int FetchIdLength = 24;

    private static readonly MatrixError s_notThere = MatrixError.NotFound("No such media");
    private static readonly MatrixError s_notYet = new(ErrCodes.NotYetUploaded, 504, "The media has not been uploaded yet");

    // An activation is not ended while calls wait for what it fetches, and a silo that stops does not wait for them.
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
    private readonly TaskCompletionSource _uploaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Ownership _ownership = null!;
    private string _origin = "";
    private string _mediaId = "";
    private MediaRow? _row;
    private MediaFetch? _fetch;
    private Task _fetching = Task.CompletedTask;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        var slash = key.LastIndexOf('/');
        (_origin, _mediaId) = (key[..slash], key[(slash + 1)..]);
        _ownership = new Ownership(storage, $"media:{key}");
        _row = await storage.Media.GetAsync(_origin, _mediaId, cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _fetching;
        _stop.Dispose();
    }

    /// <inheritdoc/>
    public async Task<Outcome<MediaInfo>> Get(long waitMs, bool allowRemote, bool hasToken)
    {
        if (Fetch(allowRemote, hasToken) is { } fetch)
        {
            if (!await IsDoneAsync(fetch.Ended, waitMs))
                return s_notYet;
            return (await fetch.Ended).TryGet(out var fetched, out var error) ? InfoOf(fetched) : error;
        }

        if (_row is { Sha256: null } row && !IsExpired(row))
            await IsDoneAsync(_uploaded.Task, waitMs);
        return _row switch
        {
            null => s_notThere,

            // C-S API, Content repository: "media which is uploaded after" the freeze "is not accessible" without a token.
            { } frozen when !hasToken && frozen.CreatedAt >= settings.Media.FrozenAt?.ToUnixTimeMilliseconds() => s_notThere,
            { Sha256: not null } found => InfoOf(found),
            { } reserved when IsExpired(reserved) => s_notThere,
            _ => s_notYet,
        };
    }

    /// <inheritdoc/>
    public async Task<Outcome<OpenedMedia>> Open(long waitMs, bool allowRemote, bool hasToken)
    {
        if (Fetch(allowRemote, hasToken) is { } fetch)
        {
            if (!await IsDoneAsync(fetch.Started, waitMs))
                return s_notYet;
            if (!fetch.Ended.IsCompleted)
                return fetch.Headers!;
            return (await fetch.Ended).TryGet(out var fetched, out var failed) ? Opened(InfoOf(fetched)) : failed;
        }

        return (await Get(waitMs, allowRemote, hasToken)).TryGet(out var media, out var error) ? Opened(media) : error;
    }

    /// <inheritdoc/>
    public Task<Outcome<FetchedPart>> Read(string fetch, long position) =>
        _fetch?.Id == fetch ? _fetch.ReadAsync(position) : Task.FromResult<Outcome<FetchedPart>>(s_notThere);

    /// <inheritdoc/>
    public async Task<Outcome<long>> Reserve(string uploader)
    {
        var row = new MediaRow(_origin, _mediaId, uploader, null, null, 0, null, Now);
        var reserved = await ChangeAsync(there => there is null ? row : MatrixError.Unknown("The media ID is taken", 409));
        return reserved.Error is { } error ? error : row.CreatedAt + ReservationMs;
    }

    /// <inheritdoc/>
    public Task<Outcome<Nothing>> CheckUpload(string uploader) => Task.FromResult<Outcome<Nothing>>(Check(_row, uploader) is { } error ? error : Nothing.Value);

    private MatrixError? Check(MediaRow? reserved, string uploader) => reserved switch
    {
        null => MatrixError.NotFound("This media ID was not created"),
        { } row when row.Uploader != uploader => MatrixError.Forbidden("This media ID was created by another user"),
        { Sha256: not null } => new MatrixError(ErrCodes.CannotOverwriteMedia, 409, "The media has been uploaded already"),
        { } row when IsExpired(row) => MatrixError.NotFound("The media ID has expired"),
        _ => null,
    };

    /// <inheritdoc/>
    public async Task<Outcome<Nothing>> Complete(string uploader, MediaInfo info, bool reserved)
    {
        var row = new MediaRow(_origin, _mediaId, uploader, info.ContentType, info.FileName, info.Size, info.Sha256, Now);
        var changed = await ChangeAsync(there => (reserved ? Check(there, uploader) : CheckNew(there)) is { } refused ? refused : row);
        if (changed.Error is { } error)
            return error;
        _uploaded.TrySetResult();
        return Nothing.Value;
    }

    private bool IsExpired(MediaRow row) => row.Sha256 is null && row.CreatedAt + ReservationMs <= Now;

    private static MediaInfo InfoOf(MediaRow row) => new(row.Sha256!, row.Size, MediaInfo.ContentTypeOf(row.ContentType), row.FileName);

    private static OpenedMedia Opened(MediaInfo media) => new(media.Sha256, media.Size, media.ContentType, media.FileName, null);

    // True if it has ended within the time.
    private async Task<bool> IsDoneAsync(Task task, long waitMs)
    {
        if (waitMs > 0)
            await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(Math.Min(waitMs, MaxWaitMs)), time));
        return task.IsCompleted;
    }

    // One for all who ask, which goes on when they are gone; null where nothing is to be fetched. A failure is tried again by the next call.
    private MediaFetch? Fetch(bool allowRemote, bool hasToken)
    {
        if (_row is not null || !allowRemote || !hasToken || _origin == settings.ServerName.Value)
            return null;
        if (_fetch is null)
        {
            _fetch = new MediaFetch(RandomText.Base62(random, FetchIdLength));
            _fetching = RunAsync(_fetch);
        }

        return _fetch;
    }

    private async Task RunAsync(MediaFetch fetch)
    {
        try
        {
            var fetched = await remote.FetchAsync(_origin, _mediaId, fetch, _stop.Token);
            if (fetched.TryGet(out var row, out _))
                await ChangeAsync(there => there ?? row);
            else
                _fetch = null;
            fetch.End(fetched);
        }
        catch (Exception fault)
        {
            _fetch = null;
            if (!_stop.IsCancellationRequested)
                MediaLog.FetchFailed(logger, _origin, _mediaId, fault);
            fetch.Fail(fault);
        }
    }

    /// <summary>Puts what is to stand in the place of what is stored.</summary>
    private async Task<Outcome<MediaRow>> ChangeAsync(Func<MediaRow?, Outcome<MediaRow>> change)
    {
        var changed = await _ownership.ChangeAsync<Outcome<MediaRow>>(async unit =>
        {
            var there = await storage.Media.GetAsync(_origin, _mediaId);
            var outcome = change(there);
            if (outcome.Error is null && outcome.Value != there)
                storage.Media.Put(unit, outcome.Value);
            return outcome;
        });
        if (changed.Error is null)
            _row = changed.Value;
        return changed;
    }

    private static MatrixError? CheckNew(MediaRow? there) =>
        there is null ? null : new MatrixError(ErrCodes.CannotOverwriteMedia, 409, "The media has been uploaded already");
}
