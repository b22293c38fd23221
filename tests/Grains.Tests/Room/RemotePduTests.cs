using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;
using static OrleansMatrix.Grains.Tests.Room.RemoteServer;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Room;

public class RemotePduTests
{
    [Theory]
    [InlineData("6")]
    [InlineData("11")]
    [InlineData("12")]
    public async Task A_fork_is_merged_and_the_next_local_event_ties_it_up(string version)
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync(version);
        var join = await JoinAsync(silo, room, Zoe);
        var local = (await silo.SendAsync(room, Alice, "here")).Value;
        var remote = await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"there"}""", [join.EventId]);
        Assert.Equal(PduVerdict.Accepted, (await PushAsync(silo, room, remote)).Single().Verdict);
        Assert.Equal([local, remote.EventId], (await silo.Storage.Rooms.GetAsync(room))!.Extremities);

        var merge = (await silo.SendAsync(room, Alice, "merged")).Value;
        Assert.Equal([local, remote.EventId], PrevEvents(await silo.EventAsync(merge)));
        Assert.Equal([merge], (await silo.Storage.Rooms.GetAsync(room))!.Extremities);
        Assert.Equal([local, remote.EventId, merge], (await silo.HistoryAsync(room)).TakeLast(3).Select(e => e.EventId));
    }

    [Theory]
    [InlineData("6")]
    [InlineData("12")]
    public async Task A_fork_with_older_state_than_its_last_is_resolved_by_generations(string version)
    {
        var zoesLevels = version == "12" ? """{"users":{"@zoe:remote":100}""" : """{"users":{"@alice:local":100,"@zoe:remote":100}""";
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync(version, "public_chat", new StateDraft(EventTypes.PowerLevels, "", Utf8(zoesLevels + "}")));
        var join = await JoinAsync(silo, room, Zoe);
        var state = await silo.StateAsync(room);
        var first = await EventAsync(silo, room, Zoe, EventTypes.PowerLevels, "", zoesLevels + ""","kick":10}""", [join.EventId]);
        string[] auth = [.. first.AuthEvents.Where(id => id != state[(EventTypes.PowerLevels, "")]), first.EventId];
        var second = await EventAsync(silo, room, Zoe, EventTypes.PowerLevels, "", zoesLevels + ""","kick":20}""", [first.EventId], auth);
        Assert.True((await silo.SetStateAsync(room, Alice, "m.room.topic", "", """{"topic":"here"}""")).Ok);
        Assert.Equal(PduVerdict.Accepted, (await PushAsync(silo, room, first)).Single().Verdict);
        Assert.Equal(PduVerdict.Accepted, (await PushAsync(silo, room, second)).Single().Verdict);

        var after = await silo.StateAsync(room);
        Assert.Equal(second.EventId, after[(EventTypes.PowerLevels, "")]);
        Assert.Contains(("m.room.topic", ""), after.Keys);
        foreach (var id in after.Values.Append(first.EventId))
        {
            var row = await silo.EventAsync(id);
            RoomVersion.TryGet(version, out var rules);
            var below = await silo.Storage.Events.GetManyAsync([.. Pdu.FromStored(row.Json, rules!, id).AuthEvents]);
            Assert.Equal(1 + below.Select(e => e.AuthGeneration).DefaultIfEmpty(0).Max(), row.AuthGeneration);
        }

        var young = await silo.Storage.Events.StateEventsFromAsync(room, (await silo.EventAsync(first.EventId)).AuthGeneration!.Value, 100);
        Assert.Equal(new[] { first.EventId, second.EventId }.Order(), young.Select(e => e.EventId).Order());
    }

    [Theory]
    [InlineData("6")]
    [InlineData("12")]
    public async Task Conflicting_state_is_resolved_the_same_from_either_side(string version)
    {
        var winners = new HashSet<string>();
        foreach (var remoteFirst in new[] { false, true })
        {
            await using var silo = await RoomHarness.StartAsync();
            var room = await silo.CreateAsync(version, "public_chat", new StateDraft(EventTypes.PowerLevels, "", Utf8(
                version == "12" ? """{"users":{"@zoe:remote":50}}""" : """{"users":{"@alice:local":100,"@zoe:remote":50}}""")));
            var join = await JoinAsync(silo, room, Zoe);
            var a = await EventAsync(silo, room, Zoe, "m.room.topic", "", """{"topic":"a"}""", [join.EventId]);
            var b = await EventAsync(silo, room, Zoe, "m.room.topic", "", """{"topic":"b"}""", [join.EventId]);
            foreach (var pdu in remoteFirst ? new[] { b, a } : [a, b])
                Assert.Equal(PduVerdict.Accepted, (await PushAsync(silo, room, pdu)).Single().Verdict);
            var winner = (await silo.StateAsync(room))[("m.room.topic", "")];
            winners.Add(Json(await silo.EventAsync(winner)).GetProperty("content").GetRawText());
            Assert.Equal(winner == a.EventId ? "a" : "b", (await silo.Storage.Rooms.GetSummaryAsync(room))!.Topic);

            // The merge keeps the resolved state, also for an activation that has read it from storage.
            Assert.True((await silo.SendAsync(room, Alice, "merge")).Ok);
            Assert.Equal(winner, (await silo.StateAsync(room))[("m.room.topic", "")]);
        }

        Assert.Single(winners);
    }

    [Theory]
    [InlineData("6")]
    [InlineData("12")]
    public async Task An_event_that_names_an_auth_event_twice_is_rejected(string version)
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync(version);
        var join = await JoinAsync(silo, room, Zoe);
        var right = await EventAsync(silo, room, Zoe, "m.room.message", null, "{}", [join.EventId]);
        var twice = await EventAsync(silo, room, Zoe, "m.room.message", null, "{}", [join.EventId], [.. right.AuthEvents, right.AuthEvents[0]]);
        Assert.Equal([PduVerdict.Accepted, PduVerdict.Rejected], (await PushAsync(silo, room, right, twice)).Select(j => j.Verdict));
    }

    [Fact]
    public async Task A_ban_beats_a_message_sent_beside_it_only_by_soft_failure()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var join = await JoinAsync(silo, room, Zoe);
        Assert.True((await silo.MemberAsync(room, Alice, MembershipAction.Ban, Zoe)).Ok);
        var extremities = (await silo.Storage.Rooms.GetAsync(room))!.Extremities;
        var late = await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"sneaky"}""", [join.EventId], (await AuthOfAsync(silo, join)));
        Assert.Equal(PduVerdict.SoftFailed, (await PushAsync(silo, room, late)).Single().Verdict);
        Assert.Equal(EventStatus.SoftFailed, (await silo.EventAsync(late.EventId)).Status);
        Assert.Equal(extremities, (await silo.Storage.Rooms.GetAsync(room))!.Extremities);
        Assert.DoesNotContain(await silo.HistoryAsync(room), e => e.EventId == late.EventId);

        // After the ban, by its own account, it is not even soft-failed.
        var after = await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"x"}""", [.. extremities]);
        Assert.Equal(PduVerdict.Rejected, (await PushAsync(silo, room, after)).Single().Verdict);
        Assert.Equal(PduVerdict.Rejected, (await PushAsync(silo, room, after)).Single().Verdict);
        Assert.Equal(EventStatus.Rejected, (await silo.EventAsync(after.EventId)).Status);
    }

    [Fact]
    public async Task An_event_that_comes_again_changes_nothing()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var join = await JoinAsync(silo, room, Zoe);
        var before = await silo.HistoryAsync(room);
        Assert.Equal(PduVerdict.Duplicate, (await PushAsync(silo, room, join)).Single().Verdict);
        Assert.Equal(before.Count, (await silo.HistoryAsync(room)).Count);
        Assert.Equal(2, (await silo.Storage.Rooms.GetSummaryAsync(room))!.JoinedMembers);
    }

    [Fact]
    public async Task Missing_events_are_named_and_the_event_is_accepted_once_they_are_here()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var join = await JoinAsync(silo, room, Zoe);
        var first = await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"1"}""", [join.EventId]);
        var second = await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"2"}""", [first.EventId]);
        var verdict = (await PushAsync(silo, room, second)).Single();
        Assert.Equal(PduVerdict.MissingPrevEvents, verdict.Verdict);
        Assert.Equal([first.EventId], verdict.Missing);
        Assert.Null(await silo.Storage.Events.GetAsync(second.EventId));
        Assert.Equal([PduVerdict.Accepted, PduVerdict.Accepted], (await PushAsync(silo, room, first, second)).Select(v => v.Verdict));

        var orphan = await EventAsync(silo, room, Zoe, "m.room.message", null, "{}", [second.EventId], ["$unknown"]);
        verdict = (await PushAsync(silo, room, orphan)).Single();
        Assert.Equal(PduVerdict.MissingAuthEvents, verdict.Verdict);
        Assert.Equal(["$unknown"], verdict.Missing);
    }

    [Fact]
    public async Task A_rejected_event_behind_a_gap_gets_its_state_later_and_can_be_followed()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        await JoinAsync(silo, room, Zoe);
        var before = await silo.StateAsync(room);
        var rejected = await EventAsync(silo, room, Yan, "m.room.topic", "", """{"topic":"not a member"}""", ["$gone"]);
        var verdict = (await PushAsync(silo, room, rejected)).Single();
        Assert.Equal((PduVerdict.Rejected, "$gone"), (verdict.Verdict, Assert.Single(verdict.Missing)));
        var later = await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"after it"}""", [rejected.EventId]);
        Assert.Equal(PduVerdict.MissingPrevEvents, (await PushAsync(silo, room, later)).Single().Verdict);

        var given = await silo.RunAsync(room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [rejected.Json], [.. before.Values])));
        verdict = given.Value.Pdus.Single();
        Assert.Equal((PduVerdict.Rejected, 0), (verdict.Verdict, verdict.Missing.Length));
        Assert.Equal(EventStatus.Rejected, (await silo.EventAsync(rejected.EventId)).Status);
        Assert.Equal(PduVerdict.Accepted, (await PushAsync(silo, room, later)).Single().Verdict);
        Assert.Equal(before, await silo.StateAsync(room));
    }

    [Fact]
    public async Task With_the_state_before_it_an_event_after_a_gap_is_accepted()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        await JoinAsync(silo, room, Zoe);
        var state = (await silo.StateAsync(room)).Values;
        var later = await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"after a gap"}""", ["$gone"]);
        var outcome = await silo.RunAsync(room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [later.Json], [.. state])));
        Assert.Equal(PduVerdict.Accepted, outcome.Value.Pdus.Single().Verdict);
        Assert.Equal(["$gone"], await silo.Storage.Events.BackwardExtremitiesAsync(room, (await silo.EventAsync(later.EventId)).Position, 10));
    }

    [Fact]
    public async Task With_the_state_before_the_missing_event_an_event_after_a_gap_is_accepted()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var join = await JoinAsync(silo, room, Zoe);
        var state = (await silo.StateAsync(room)).Values;
        var gap = await EventAsync(silo, room, Zoe, "m.room.member", Zoe, """{"membership":"join","displayname":"Z"}""", ["$gone"]);
        await silo.RunAsync(room, r => ReceiveOutliers.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [gap.Json])));
        var later = await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"after a gap"}""", [gap.EventId]);
        Assert.Equal(PduVerdict.MissingPrevEvents, (await PushAsync(silo, room, later)).Single().Verdict);
        var outcome = await silo.RunAsync(room, r => ReceivePdus.RunAsync(
            r, new RemotePdus(ServerName.Parse(Name), [later.Json], AtMissing: [new StateAtEvent(gap.EventId, [.. state])])));
        Assert.Equal(PduVerdict.Accepted, outcome.Value.Pdus.Single().Verdict);
        var ids = (await silo.StateAsync(room)).Values;
        Assert.Contains(gap.EventId, ids);
        Assert.DoesNotContain(join.EventId, ids);
    }

    [Fact]
    public async Task Redactions_of_other_rooms_events_are_kept_from_clients()
    {
        await using var silo = await RoomHarness.StartAsync();
        var (room, other) = (await silo.CreateAsync(), await silo.CreateAsync());
        var join = await JoinAsync(silo, room, Zoe);
        var target = (await silo.SendAsync(other, Alice, "elsewhere")).Value;
        var redaction = await EventAsync(silo, room, Zoe, "m.room.redaction", null, $$"""{"redacts":"{{target}}"}""", [join.EventId], redacts: target);
        Assert.Equal(PduVerdict.SoftFailed, (await PushAsync(silo, room, redaction)).Single().Verdict);
        Assert.Null((await silo.EventAsync(target)).RedactedBy);
    }

    [Theory]
    [InlineData("1", "6")]
    [InlineData("6", "1")]
    [InlineData("6", "12")]
    [InlineData("12", "6")]
    public async Task An_event_of_another_room_is_nobodys_auth_event_and_nothing_follows_it(string version, string otherVersion)
    {
        await using var silo = await RoomHarness.StartAsync();
        var (room, other) = (await silo.CreateAsync(version), await silo.CreateAsync(otherVersion));
        var (join, otherJoin) = (await JoinAsync(silo, room, Zoe), await JoinAsync(silo, other, Zoe));
        var create = (await silo.StateAsync(other))[(EventTypes.Create, "")];
        var before = await silo.StateAsync(room);
        var right = await EventAsync(silo, room, Zoe, "m.room.message", null, "{}", [join.EventId]);
        foreach (var foreign in new[] { otherJoin.EventId, create })
        {
            var allowed = await EventAsync(silo, room, Zoe, "m.room.message", null, "{}", [join.EventId], [.. right.AuthEvents, foreign]);
            Assert.Equal(PduVerdict.Rejected, (await PushAsync(silo, room, allowed)).Single().Verdict);
            var after = await EventAsync(silo, room, Zoe, "m.room.message", null, "{}", [foreign]);
            var judged = (await PushAsync(silo, room, after)).Single();
            Assert.Equal((PduVerdict.MissingPrevEvents, foreign), (judged.Verdict, judged.Missing.Single()));
            Assert.Equal(ErrCodes.InvalidParam, (await silo.RedactAsync(room, Alice, foreign)).Error!.ErrCode);
        }

        Assert.Equal(before, await silo.StateAsync(room));
    }

    [Fact]
    public async Task An_event_with_the_id_of_another_rooms_event_is_dropped()
    {
        await using var silo = await RoomHarness.StartAsync();
        var (room, other) = (await silo.CreateAsync("1"), await silo.CreateAsync("1"));
        var (join, otherJoin) = (await JoinAsync(silo, room, Zoe), await JoinAsync(silo, other, Zoe));
        var built = await EventAsync(silo, room, Zoe, "m.room.message", null, "{}", [join.EventId], eventId: otherJoin.EventId);
        Assert.Equal(PduVerdict.Dropped, (await PushAsync(silo, room, built)).Single().Verdict);
        var outliers = await silo.RunAsync(room, r => ReceiveOutliers.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [built.Json])));
        Assert.Equal(PduVerdict.Dropped, outliers.Value.Pdus.Single().Verdict);
        Assert.Equal(other, (await silo.EventAsync(otherJoin.EventId)).RoomId);
    }

    [Fact]
    public async Task Forged_malformed_and_foreign_events_are_dropped()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var other = await silo.CreateAsync();
        var join = await JoinAsync(silo, room, Zoe);
        var count = (await silo.HistoryAsync(room)).Count;
        var wrongKey = await EventAsync(silo, room, Zoe, "m.room.message", null, "{}", [join.EventId], key: SigningKey.FromSeed("r", new byte[32]));
        var asAlice = await EventAsync(silo, room, Alice, "m.room.message", null, "{}", [join.EventId]);
        var elsewhere = await EventAsync(silo, other, Zoe, "m.room.message", null, "{}", [join.EventId]);
        var verdicts = await PushAsync(silo, room, wrongKey, asAlice, elsewhere);
        Assert.All(verdicts, v => Assert.Equal(PduVerdict.Dropped, v.Verdict));
        var garbage = await silo.RunAsync(
            room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [Utf8("{"), Utf8("[]"), Utf8("{}"), new byte[70_000]])));
        Assert.All(garbage.Value.Pdus, v => Assert.Equal(PduVerdict.Dropped, v.Verdict));
        Assert.Equal(count, (await silo.HistoryAsync(room)).Count);
    }

    [Fact]
    public async Task A_tampered_event_is_taken_in_its_redacted_form()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var join = await JoinAsync(silo, room, Zoe);
        var pdu = await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"original"}""", [join.EventId]);
        var tampered = Utf8(System.Text.Encoding.UTF8.GetString(pdu.Json.Span).Replace("original", "modified"));
        var outcome = await silo.RunAsync(room, r => ReceivePdus.RunAsync(r, new RemotePdus(ServerName.Parse(Name), [tampered])));
        Assert.Equal((pdu.EventId, PduVerdict.Accepted), outcome.Value.Pdus.Select(v => (v.EventId, v.Verdict)).Single());
        Assert.Equal("{}", Json(await silo.EventAsync(pdu.EventId)).GetProperty("content").GetRawText());
    }

    [Fact]
    public async Task A_server_that_the_acl_denies_gets_nothing_in()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var join = await JoinAsync(silo, room, Zoe);
        Assert.True((await silo.SetStateAsync(room, Alice, "m.room.server_acl", "", """{"allow":["*"],"deny":["rem*"]}""")).Ok);
        var pdu = await EventAsync(silo, room, Zoe, "m.room.message", null, "{}", [join.EventId]);
        Assert.Equal(PduVerdict.Dropped, (await PushAsync(silo, room, pdu)).Single().Verdict);
    }

    [Fact]
    public async Task A_redaction_that_comes_before_its_target_is_applied_when_it_comes()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var join = await JoinAsync(silo, room, Zoe);
        var target = await EventAsync(silo, room, Zoe, "m.room.message", null, """{"body":"oops"}""", [join.EventId]);
        var redaction = await EventAsync(silo, room, Zoe, "m.room.redaction", null, $$"""{"redacts":"{{target.EventId}}"}""", [join.EventId]);
        Assert.All(await PushAsync(silo, room, redaction, target), v => Assert.Equal(PduVerdict.Accepted, v.Verdict));
        var row = await silo.EventAsync(target.EventId);
        Assert.Equal("{}", Json(row).GetProperty("content").GetRawText());
        Assert.Equal(redaction.EventId, row.RedactedBy);
    }

    [Fact]
    public async Task Local_events_are_queued_for_the_servers_in_the_room_and_for_those_who_have_just_left()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        await silo.SendAsync(room, Alice, "nobody else");
        await JoinAsync(silo, room, Zoe);
        var message = (await silo.SendAsync(room, Alice, "for you")).Value;
        var kick = (await silo.MemberAsync(room, Alice, MembershipAction.Kick, Zoe)).Value;
        await silo.SendAsync(room, Alice, "not for you");
        Assert.Equal([message, kick], (await silo.Storage.Outbox.QueuedAsync(Name, 0, 100)).Where(o => o.Kind == OutboxKind.Pdu).Select(o => o.EventId));
    }

    private static async Task<string[]> AuthOfAsync(RoomHarness silo, Pdu join)
    {
        var levels = (await silo.StateAsync(join.RoomId))[(EventTypes.PowerLevels, "")];
        return [levels, join.EventId];
    }
}
