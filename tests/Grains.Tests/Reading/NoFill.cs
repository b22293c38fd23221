using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Room.Reading;

namespace OrleansMatrix.Grains.Tests.Reading;

/// <summary>Paging where no other server can be asked.</summary>
internal static class NoFill
{
    public static GapPaging Paging(RoomReader reader) => new(reader, static _ => Task.FromResult(GapFill.Failed));
}
