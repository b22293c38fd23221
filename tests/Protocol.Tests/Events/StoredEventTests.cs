using System.Text;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Events;

/// <summary>What is read of a stored event alone is what the whole event says.</summary>
public class StoredEventTests
{
    [Theory]
    [InlineData("""{"membership":"join","displayname":"Böb \"B\" \ud83d\ude00","avatar_url":"mxc://x/y","other":{"displayname":"no"}}""")]
    [InlineData("""{"membership":"leave"}""")]
    [InlineData("""{"membership":"ban","displayname":null,"avatar_url":7,"reason":"displayname"}""")]
    [InlineData("""{"displayname":["x"],"membership":{"membership":"join"}}""")]
    public void Details_of_a_member(string content)
    {
        foreach (var version in RoomVersion.All)
        {
            var pdu = TestEvents.Build(version, EventTypes.Member, content, "@u:example.org");
            var expected = new MemberDetails(
                pdu.GetContentString("membership"u8), pdu.GetContentString("displayname"u8), pdu.GetContentString("avatar_url"u8));
            Assert.Equal(pdu.Membership, expected.Membership);
            Assert.Equal(expected, MemberDetails.Of(pdu.ContentJson.Span));
            Assert.Equal(expected, MemberDetails.OfStored(pdu.Json.Span));
        }
    }

    [Fact]
    public void Auth_events()
    {
        foreach (var version in RoomVersion.All)
        {
            foreach (var type in new[] { EventTypes.Create, EventTypes.Member })
            {
                var pdu = TestEvents.Build(version, type, stateKey: "");
                Assert.Equal(pdu.AuthEvents, Pdu.AuthEventsOfStored(pdu.Json.Span, version));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("nonsense")]
    [InlineData("""{"auth_events":"x","content":"x"}""")]
    [InlineData("""{"auth_events":[1""")]
    public void What_is_damaged_is_a_fault_of_storage(string json)
    {
        Assert.Throws<InvalidDataException>(() => Pdu.AuthEventsOfStored(Encoding.UTF8.GetBytes(json), RoomVersion.Default));
        Assert.Throws<InvalidDataException>(() => MemberDetails.OfStored(Encoding.UTF8.GetBytes(json)));
    }

    /// <summary>The text is taken from the sender only where it is the sender.</summary>
    [Theory]
    [InlineData("@u:example.org")]
    [InlineData("@v:example.org")]
    [InlineData("@u:example.or")]
    [InlineData("")]
    public void The_state_key_is_what_the_event_says(string stateKey)
    {
        var pdu = TestEvents.Build(RoomVersion.Default, EventTypes.Member, """{"membership":"join"}""", stateKey);
        Assert.Equal(stateKey, pdu.StateKey);
        Assert.Equal(stateKey, Pdu.FromStored(pdu.Json, RoomVersion.Default, pdu.EventId).StateKey);
    }
}
