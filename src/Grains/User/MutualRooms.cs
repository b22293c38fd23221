using System.Globalization;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>Rooms that two users share, in pages (C-S API, Mutual Rooms).</summary>
internal static class MutualRooms
{
    private const int PageSize = 100;

    public static async ValueTask<Outcome<RoomPage>> ReadAsync(IStorage storage, string userId, string otherUserId, string? from)
    {
        if (otherUserId == userId)
            return MatrixError.InvalidParam("The other user must not be yourself");
        var offset = 0;
        if (from is not null && (!int.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out offset) || offset == 0))
            return MatrixError.InvalidParam("Not a token of this endpoint");
        var rooms = (await storage.Memberships.MutualRoomsAsync(userId, otherUserId)).Order(StringComparer.Ordinal).ToList();
        var next = offset + PageSize;
        return new RoomPage([.. rooms.Skip(offset).Take(PageSize)], next < rooms.Count ? next.ToString(CultureInfo.InvariantCulture) : null, rooms.Count);
    }
}
