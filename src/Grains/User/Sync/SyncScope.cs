using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>One evaluation of a sync request: what is told is everything in (<see cref="Since"/>, <see cref="UpTo"/>].</summary>
/// <param name="Rooms">The user's rooms as of <see cref="UpTo"/>.</param>
/// <param name="Memory">Counts the bytes of timelines.</param>
public sealed record SyncScope(
    UserState User, SyncRequest Request, SyncFilter Filter, SyncToken Since, MembershipSnapshot Rooms, LazyMembers LazyMembers, LargeAnswer Memory)
{
    /// <summary>Events of a timeline if the filter does not say.</summary>
    public const int DefaultLimit = 10;

    /// <summary>Events of a timeline whatever the filter says.</summary>
    public const int MaxLimit = 200;

    private const int MaxBytes = 16 * 1024 * 1024;
    private int _bytes;

    public UserServices Services => User.Services;
    public Requester Viewer => Request.Requester;
    public string UserId => Request.Requester.UserId;

    /// <summary>Nothing has been told before.</summary>
    public bool IsInitial => Since.Position == 0;

    /// <summary>The client is told all members of a room with it, and so of a room joined without them once they are known (ADR 0135).</summary>
    public bool WantsAllMembers => !Filter.LazyMembers;

    /// <summary>The position that is told up to.</summary>
    public long UpTo => Rooms.Position;

    public int Limit => Math.Min(Filter.Timeline.Limit ?? DefaultLimit, MaxLimit);

    /// <summary>Whether there is memory for another event of so many bytes; the first of each timeline is told without being counted.</summary>
    public async ValueTask<bool> TryHoldAsync(int bytes, CancellationToken cancellationToken)
    {
        if (_bytes + bytes > MaxBytes || !await Memory.TryGrowAsync(bytes, cancellationToken))
            return false;
        _bytes += bytes;
        return true;
    }

    /// <summary>The place in every room's history up to which the client was told.</summary>
    public HistoryOrder SincePlace => new(Since.Position, 0);

    /// <summary>The place in every room's history up to which it is told now.</summary>
    public HistoryOrder UpToPlace => new(UpTo, 0);

    /// <summary>What the membership changes told mean for the device lists.</summary>
    public DeviceListChanges DeviceLists { get; } = new();

    public long Now { get; } = User.Services.Read.Now;
}
