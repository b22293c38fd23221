using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;
using static OrleansMatrix.Grains.Tests.Room.RemoteServer;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Room;

/// <summary>Events that cannot be judged are kept until they can be.</summary>
public sealed class StagedPduTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_event_waits_for_the_one_before_it_and_goes_with_its_verdict(bool isKilled)
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var (first, second) = await TwoAsync(silo, room);
        Assert.Equal(PduVerdict.Staged, await StageAsync(silo, room, second));
        var row = Assert.Single(await silo.Storage.StagedPdus.OfRoomAsync(room));
        Assert.Equal((second.EventId, Name), (row.EventId, row.Origin));
        Assert.Null(await silo.Storage.Events.GetAsync(second.EventId));
        if (isKilled)
            silo.Forget();

        Assert.Equal(PduVerdict.Accepted, (await PushAsync(silo, room, first)).Single().Verdict);
        Assert.Equal([second.EventId], await ReadyAsync(silo, room));
        Assert.Empty(await ReadyAsync(silo, room));
        Assert.Equal(PduVerdict.Accepted, (await PushAsync(silo, room, second)).Single().Verdict);
        Assert.Empty(await silo.Storage.StagedPdus.OfRoomAsync(room));
        Assert.Equal([second.EventId], (await silo.Storage.Rooms.GetAsync(room))!.Extremities);
    }

    [Fact]
    public async Task What_came_before_it_was_to_be_kept_is_found()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var (first, second) = await TwoAsync(silo, room);
        Assert.Equal(PduVerdict.MissingPrevEvents, (await PushAsync(silo, room, second)).Single().Verdict);
        Assert.Equal(PduVerdict.Accepted, (await PushAsync(silo, room, first)).Single().Verdict);
        Assert.Equal(PduVerdict.Accepted, await StageAsync(silo, room, second));
        Assert.Empty(await silo.Storage.StagedPdus.OfRoomAsync(room));
    }

    [Fact]
    public async Task An_event_that_comes_again_waits_once_and_judged_another_way_waits_no_more()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var (_, second) = await TwoAsync(silo, room);
        Assert.Equal(PduVerdict.Staged, await StageAsync(silo, room, second));
        Assert.Equal(PduVerdict.Staged, await StageAsync(silo, room, second));
        Assert.Single(await silo.Storage.StagedPdus.OfRoomAsync(room));

        var state = (await silo.StateAsync(room)).Values;
        await silo.RunAsync(room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [second.Json], [.. state])));
        Assert.Empty(await silo.Storage.StagedPdus.OfRoomAsync(room));
        Assert.Equal(PduVerdict.Duplicate, await StageAsync(silo, room, second));
        Assert.Empty(await silo.Storage.StagedPdus.OfRoomAsync(room));
    }

    [Fact]
    public async Task An_event_waits_for_missing_auth_events_too()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var join = await JoinAsync(silo, room, Zoe);
        var rename = await EventAsync(silo, room, Zoe, EventTypes.Member, Zoe, """{"membership":"join","displayname":"Z"}""", [join.EventId]);
        var said = await EventAsync(silo, room, Zoe, "m.room.message", null, "{}", [join.EventId], [.. await MessageAuthAsync(silo, room, join, rename)]);
        Assert.Equal(PduVerdict.Staged, await StageAsync(silo, room, said));
        Assert.Equal(PduVerdict.Accepted, (await PushAsync(silo, room, rename)).Single().Verdict);
        Assert.Equal([said.EventId], await ReadyAsync(silo, room));
    }

    [Fact]
    public async Task No_more_is_kept_of_one_server_in_a_room_than_the_limit()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var (_, second) = await TwoAsync(silo, room);
        var more = new List<Pdu>();
        for (var i = 0; i < StagedPdus.MaxOfOrigin; i++)
            more.Add(await EventAsync(silo, room, Zoe, "m.room.message", null, $$"""{"n":{{i}}}""", [second.EventId], [.. second.AuthEvents]));
        Assert.Equal(PduVerdict.Staged, await StageAsync(silo, room, second));
        var outcome = await silo.RunAsync(
            room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [.. more.Select(p => p.Json)], Stage: true)));
        Assert.Equal(StagedPdus.MaxOfOrigin - 1, outcome.Value.Pdus.Count(p => p.Verdict == PduVerdict.Staged));
        Assert.Equal(PduVerdict.MissingPrevEvents, outcome.Value.Pdus[^1].Verdict);
        Assert.Equal(StagedPdus.MaxOfOrigin, await silo.Storage.StagedPdus.CountAsync(Name));
        Assert.Equal(PduVerdict.Staged, await StageAsync(silo, room, second));

        // What is read again counts, too.
        silo.Forget();
        Assert.Equal(PduVerdict.MissingPrevEvents, await StageAsync(silo, room, more[^1]));
        await silo.RunAsync(room, r => DropStaged.RunAsync(r, [second.EventId]));
        Assert.Equal(PduVerdict.Staged, await StageAsync(silo, room, more[^1]));
    }

    [Fact]
    public async Task No_more_is_kept_of_one_server_in_all_rooms_than_the_limit()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var (_, second) = await TwoAsync(silo, room);
        var unit = new WriteUnit();
        for (var i = 0; i < StagePdu.MaxOfOrigin; i++)
            silo.Storage.StagedPdus.Put(unit, new StagedPduRow($"!{i}:elsewhere", "$e", Name, Utf8("{}"), 0));
        await silo.Storage.CommitAsync(unit);
        Assert.Equal(PduVerdict.MissingPrevEvents, await StageAsync(silo, room, second));
    }

    [Fact]
    public async Task Of_a_room_that_was_left_nothing_is_kept()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var (_, second) = await TwoAsync(silo, room);
        Assert.True((await silo.MemberAsync(room, Alice, Abstractions.Room.MembershipAction.Leave)).Ok);
        Assert.Equal(PduVerdict.MissingPrevEvents, await StageAsync(silo, room, second));
        Assert.Empty(await silo.Storage.StagedPdus.OfRoomAsync(room));
    }

    [Fact]
    public async Task What_is_forged_or_denied_is_not_kept()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var (_, second) = await TwoAsync(silo, room);
        var forged = await EventAsync(
            silo, room, Zoe, "m.room.message", null, "{}", [second.EventId], key: Protocol.Signing.SigningKey.FromSeed("r", new byte[32]));
        Assert.Equal(PduVerdict.Dropped, await StageAsync(silo, room, forged));
        Assert.True((await silo.SetStateAsync(room, Alice, EventTypes.ServerAcl, "", """{"allow":["*"],"deny":["rem*"]}""")).Ok);
        Assert.Equal(PduVerdict.Dropped, await StageAsync(silo, room, second));
        Assert.Empty(await silo.Storage.StagedPdus.OfRoomAsync(room));
    }

    private static async Task<(Pdu First, Pdu Second)> TwoAsync(RoomHarness silo, string room)
    {
        var join = await JoinAsync(silo, room, Zoe);
        var first = await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"1"}""", [join.EventId]);
        return (first, await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"2"}""", [first.EventId]));
    }

    private static async Task<IEnumerable<string>> MessageAuthAsync(RoomHarness silo, string room, Pdu join, Pdu rename) =>
        (await EventAsync(silo, room, Zoe, "m.room.message", null, "{}", [join.EventId])).AuthEvents.Select(id => id == join.EventId ? rename.EventId : id);

    private static async Task<PduVerdict> StageAsync(RoomHarness silo, string room, Pdu pdu) =>
        (await silo.RunAsync(room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [pdu.Json], Stage: true)))).Value.Pdus.Single().Verdict;

    private static Task<string[]> ReadyAsync(RoomHarness silo, string room) => silo.RunAsync(room, r => Task.FromResult(r.Room!.Staged.TakeReady().ToArray()));
}
