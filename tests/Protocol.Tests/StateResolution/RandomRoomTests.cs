using System.Globalization;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.StateResolution;

public class RandomRoomTests
{
    private static readonly RoomVersion[] s_versions =
        [RoomVersion.V1, RoomVersion.V2, RoomVersion.V5, RoomVersion.V8, RoomVersion.V11, RoomVersion.V12, RoomVersion.V12, RoomVersion.V12];

    /// <summary>How many rooms to play: RESOLUTION_ROOMS, or enough for every run.</summary>
    private static int Rooms =>
        int.TryParse(Environment.GetEnvironmentVariable("RESOLUTION_ROOMS"), NumberStyles.None, CultureInfo.InvariantCulture, out var rooms) ? rooms : 3000;

    private static int FirstSeed =>
        int.TryParse(Environment.GetEnvironmentVariable("RESOLUTION_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : 1;

    [Fact]
    public void Resolution_agrees_with_the_specification_word_by_word()
    {
        for (var seed = FirstSeed; seed < FirstSeed + Rooms; seed++)
        {
            var version = s_versions[seed % s_versions.Length];
            var room = new RandomRoom(seed, version).Play(25);
            for (var i = 0; i < 3; i++)
            {
                var states = room.PickStates();
                var expected = room.Room.ResolveSlowly(states);
                var actual = room.Room.Resolve(states);
                var wrong = expected.Keys.Union(actual.Keys).Where(k => expected.GetValueOrDefault(k) != actual.GetValueOrDefault(k));
                Assert.True(!wrong.Any(), $"seed {seed}, version {version}, try {i}: " +
                    string.Join(", ", wrong.Select(k => $"{k} expected {expected.GetValueOrDefault(k)} was {actual.GetValueOrDefault(k)}")));
            }
        }
    }
}
