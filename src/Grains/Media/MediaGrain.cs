using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>One piece of media: its row, and who waits for it.</summary>
[GrainType("media")]
public sealed class MediaGrain(IStorage storage, MatrixSettings settings, IRemoteMedia remote, TimeProvider time) : Grain, IMediaGrain
{
    // The recommended default (content-repo.yaml, POST /create).
    private const long ReservationMs = 24 * 60 * 60 * 1000;
    private const long MaxWaitMs = 20_000;

    private readonly TaskCompletionSource _uploaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Ownership _ownership = null!;
    private string _origin = "";
    private string _mediaId = "";
    private MediaRow? _row;
    private Task<MediaRow?>? _fetch;

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
    public async Task<Outcome<MediaInfo>> Get(long waitMs, bool allowRemote, bool hasToken)
    {
        if (_row is null && allowRemote && hasToken && _origin != settings.ServerName.Value)
            await FetchAsync();
        if (_row is { Sha256: null } row && !IsExpired(row) && waitMs > 0)
            await Task.WhenAny(_uploaded.Task, Task.Delay(TimeSpan.FromMilliseconds(Math.Min(waitMs, MaxWaitMs)), time));
        return _row switch
        {
            null => MatrixError.NotFound("No such media"),

            // C-S API, Content repository: "media which is uploaded after" the freeze "is not accessible" without a token.
            { } frozen when !hasToken && frozen.CreatedAt >= settings.Media.FrozenAt?.ToUnixTimeMilliseconds() => MatrixError.NotFound("No such media"),
            { Sha256: { } hash } found => new MediaInfo(hash, found.Size, MediaInfo.ContentTypeOf(found.ContentType), found.FileName),
            { } reserved when IsExpired(reserved) => MatrixError.NotFound("No such media"),
            _ => new MatrixError(ErrCodes.NotYetUploaded, 504, "The media has not been uploaded yet"),
        };
    }

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

    // Interleaved calls wait for one fetch; the row of a success is kept, a failure is tried again by the next call.
    private async Task FetchAsync()
    {
        var fetch = _fetch ??= remote.FetchAsync(_origin, _mediaId);
        try
        {
            if (await fetch is { } row && _row is null)
                await ChangeAsync(there => there ?? row);
        }
        finally
        {
            _fetch = null;
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
