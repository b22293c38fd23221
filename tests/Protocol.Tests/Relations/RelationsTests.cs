using System.Text;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Relations;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Tests.Authorization;

namespace OrleansMatrix.Protocol.Tests.Relations;

public class RelationsTests
{
    private static readonly TestPdu s_original = Event("$original", """{"body":"x"}""");
    private static readonly TestPdu s_edit =
        Event("$edit", """{"body":"* y","m.new_content":{"body":"y"},"m.relates_to":{"rel_type":"m.replace","event_id":"$original"}}""");

    [Theory]
    [InlineData("""{"m.relates_to":{"rel_type":"m.thread","event_id":"$p"}}""", "m.thread", "$p", null)]
    [InlineData("""{"m.relates_to":{"rel_type":"m.annotation","event_id":"$p","key":"👍"}}""", "m.annotation", "$p", "👍")]
    [InlineData("""{"m.relates_to":{"rel_type":"org.other","event_id":"$p","key":"k"}}""", "org.other", "$p", null)]
    public void Relations_are_read(string content, string relType, string parent, string? key) =>
        Assert.Equal(new Relation(relType, parent, key), Relation.Of(Event("$e", content).Build()));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"m.relates_to":{"m.in_reply_to":{"event_id":"$p"}}}""")]
    [InlineData("""{"m.relates_to":{"rel_type":"m.thread"}}""")]
    [InlineData("""{"m.relates_to":{"rel_type":1,"event_id":"$p"}}""")]
    [InlineData("""{"m.relates_to":"m.thread"}""")]
    [InlineData("""{"nested":{"m.relates_to":{"rel_type":"m.thread","event_id":"$p"}}}""")]
    public void What_does_not_match_the_schema_is_no_relation(string content) => Assert.Null(Relation.Of(Event("$e", content).Build()));

    [Fact]
    public void An_edit_must_fit_its_original()
    {
        Assert.True(Replacements.IsValid(s_original.Build(), s_edit.Build()));
        Assert.False(Valid(s_original, s_edit with { Sender = "@other:one" }));
        Assert.False(Valid(s_original, s_edit with { RoomId = "!other:one" }));
        Assert.False(Valid(s_original, s_edit with { Type = "m.sticker" }));
        Assert.False(Valid(s_original, s_edit with { StateKey = "" }));
        Assert.False(Valid(s_original with { StateKey = "" }, s_edit));
        Assert.False(Valid(s_original with { EventId = "$another" }, s_edit));
        Assert.False(Valid(s_original, s_edit with { Content = """{"m.relates_to":{"rel_type":"m.replace","event_id":"$original"}}""" }));
        Assert.False(Valid(s_original, s_edit with { Content = """{"m.new_content":{},"m.relates_to":{"rel_type":"m.thread","event_id":"$original"}}""" }));
        // An edit of an edit.
        Assert.False(Valid(s_edit, s_edit with { EventId = "$e2", Content = s_edit.Content.Replace("$original", "$edit", StringComparison.Ordinal) }));
        // An edit within a thread keeps to the thread's event.
        Assert.True(Valid(s_original with { Content = """{"m.relates_to":{"rel_type":"m.thread","event_id":"$root"}}""" }, s_edit));
    }

    [Fact]
    public void The_new_content_of_an_encrypted_edit_is_not_seen()
    {
        var edit = s_edit with { Type = EventTypes.Encrypted, Content = """{"m.relates_to":{"rel_type":"m.replace","event_id":"$original"}}""" };
        Assert.True(Valid(s_original with { Type = EventTypes.Encrypted }, edit));
        Assert.False(Valid(s_original, edit));
    }

    [Fact]
    public void The_most_recent_valid_edit_counts_and_among_equals_the_largest_id()
    {
        var edits = new[]
        {
            s_edit with { EventId = "$b", OriginServerTs = 5 },
            s_edit with { EventId = "$c", OriginServerTs = 5 },
            s_edit with { EventId = "$a", OriginServerTs = 5 },
            s_edit with { EventId = "$old", OriginServerTs = 4 },
            s_edit with { EventId = "$forged", OriginServerTs = 9, Sender = "@other:one" },
        };
        Assert.Equal("$c", Replacements.Latest(s_original.Build(), edits.Select(e => e.Build()))?.EventId);
        Assert.Equal("$c", Replacements.Latest(s_original.Build(), edits.Reverse().Select(e => e.Build()))?.EventId);
        Assert.Null(Replacements.Latest(s_original.Build(), []));
    }

    [Fact]
    public void Aggregations_are_written_as_specified()
    {
        var bundle = new BundledAggregations
        {
            References = ["$one", "$two"],
            Replacement = """{"event_id":"$edit"}"""u8.ToArray(),
            Thread = new ThreadSummary("""{"event_id":"$last"}"""u8.ToArray(), 7, true),
        };
        Assert.Equal(
            """
            {"m.reference":{"chunk":[{"event_id":"$one"},{"event_id":"$two"}]},"m.replace":{"event_id":"$edit"},"m.thread":{"count":7,"current_user_participated":true,"latest_event":{"event_id":"$last"}}}
            """,
            Encoding.UTF8.GetString(bundle.ToJson().Span));
        Assert.True(new BundledAggregations().ToJson().IsEmpty);
    }

    [Fact]
    public void Threads_start_at_events_without_a_relation()
    {
        var thread = new Relation(RelationTypes.Thread, "$p", null);
        Assert.Null(RelationChecks.Check("m.room.message", "@a:one", thread, s_original.Build(), []));
        Assert.Null(RelationChecks.Check("m.room.message", "@a:one", thread, null, []));
        var error = RelationChecks.Check("m.room.message", "@a:one", thread, s_edit.Build(), []);
        Assert.Equal((ErrCodes.Unknown, 400), (error?.ErrCode, error?.Status));
        var reply = Event("$reply", """{"m.relates_to":{"m.in_reply_to":{"event_id":"$p"}}}""");
        Assert.Null(RelationChecks.Check("m.room.message", "@a:one", thread, reply.Build(), []));
    }

    [Theory]
    [InlineData("m.reaction", "@a:one", "👍", true)]
    [InlineData("m.reaction", "@a:one", "👎", false)]
    [InlineData("m.reaction", "@b:one", "👍", false)]
    [InlineData("org.other", "@a:one", "👍", false)]
    public void The_same_annotation_is_refused_the_second_time(string type, string sender, string key, bool expected)
    {
        var first = Event("$r", """{"m.relates_to":{"rel_type":"m.annotation","event_id":"$p","key":"👍"}}""") with { Type = "m.reaction", Sender = "@a:one" };
        var error = RelationChecks.Check(type, sender, new Relation(RelationTypes.Annotation, "$p", key), s_original.Build(), [first.Build()]);
        Assert.Equal(expected ? ErrCodes.DuplicateAnnotation : null, error?.ErrCode);
    }

    private static bool Valid(TestPdu original, TestPdu edit) => Replacements.IsValid(original.Build(), edit.Build());

    private static TestPdu Event(string id, string content) =>
        new(RoomVersion.V11, id, "m.room.message", "@a:one", null, content) { RoomId = "!room:one" };
}
