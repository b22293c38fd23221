using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Relations;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>The thread that an event is in (C-S API, Threaded read receipts).</summary>
/// <param name="Thread">The root of the thread, or <c>main</c>.</param>
/// <param name="Last">
/// The event at which the relations end. One that is not in a thread but relates to its root, and the root itself, may be read within the thread as well.
/// </param>
internal readonly record struct EventThread(string Thread, string Last)
{
    public const string Main = "main";

    /// <summary>"A maximum of 3 hops is recommended".</summary>
    private const int MaxHops = 3;

    public static async ValueTask<EventThread> OfAsync(RoomView room, EventRow row, CancellationToken cancellationToken = default)
    {
        for (var hop = 0; hop <= MaxHops; hop++)
        {
            if (row.RelType == RelationTypes.Thread)
                return new EventThread(row.RelatesTo!, row.EventId);
            if (row.RelatesTo is not { } parent || await room.FindAsync(parent, cancellationToken) is not { } next)
                break;
            row = next;
        }

        return new EventThread(Main, row.EventId);
    }

    /// <summary>Whether a receipt of the event may be in a thread, or in <c>main</c>.</summary>
    public bool MayBeReadIn(string thread) => Thread == thread || (Thread == Main && Last == thread);
}
