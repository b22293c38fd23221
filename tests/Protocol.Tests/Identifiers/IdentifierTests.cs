using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Identifiers;

public class IdentifierTests
{
    [Theory]
    [InlineData("matrix.org", "matrix.org", null)]
    [InlineData("matrix.org:8888", "matrix.org", 8888)]
    [InlineData("1.2.3.4", "1.2.3.4", null)]
    [InlineData("1.2.3.4:1234", "1.2.3.4", 1234)]
    [InlineData("[1234:5678::abcd]", "[1234:5678::abcd]", null)]
    [InlineData("[1234:5678::abcd]:5678", "[1234:5678::abcd]", 5678)]
    [InlineData("[::]", "[::]", null)]
    [InlineData("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", null)]
    [InlineData("localhost", "localhost", null)]
    [InlineData("EXAMPLE.org", "EXAMPLE.org", null)]
    [InlineData("1.2.3.4.5", "1.2.3.4.5", null)]
    [InlineData("1.2.3.example", "1.2.3.example", null)]
    public void Server_names_of_the_grammar_are_accepted(string text, string host, int? port)
    {
        Assert.True(ServerName.TryParse(text, out var name));
        Assert.Equal(host, name.Host.ToString());
        Assert.Equal(port, name.Port);
        Assert.Equal(text, name.ToString());
        Assert.Equal(host.StartsWith('[') || host == "1.2.3.4", name.IsIpLiteral);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(":")]
    [InlineData(":80")]
    [InlineData("a:")]
    [InlineData("a:b")]
    [InlineData("a:123456")]
    [InlineData("a:99999")]
    [InlineData("a:-1")]
    [InlineData("a:1:2")]
    [InlineData("a b")]
    [InlineData("a_b")]
    [InlineData("ex\u00e4mple.org")]
    [InlineData("a/b")]
    [InlineData("a@b")]
    [InlineData("300.1.2.3")]
    [InlineData("[")]
    [InlineData("[]")]
    [InlineData("[::1")]
    [InlineData("::1")]
    [InlineData("[::1]x")]
    [InlineData("[::1%eth0]")]
    [InlineData("[g::1]")]
    [InlineData("[1.2.3.4]")]
    public void Other_server_names_are_refused(string? text) => Assert.False(ServerName.TryParse(text, out _));

    [Fact]
    public void Server_names_are_compared_case_sensitively() =>
        Assert.NotEqual(ServerName.Parse("example.org"), ServerName.Parse("EXAMPLE.org"));

    [Theory]
    [InlineData("@alice:example.org", "alice", "example.org", true)]
    [InlineData("@Alice!:example.org:8448", "Alice!", "example.org:8448", true)]
    [InlineData("@:example.org", "", "example.org", false)]
    [InlineData("@a b:example.org", "a b", "example.org", false)]
    [InlineData("@\u00e4\U0001F600:example.org", "\u00e4\U0001F600", "example.org", false)]
    [InlineData("@a\n:[::1]:80", "a\n", "[::1]:80", false)]
    public void User_ids_are_accepted_as_received(string text, string localpart, string domain, bool compliant)
    {
        Assert.True(UserId.TryParse(text, out var id));
        Assert.Equal(localpart, id.Localpart.ToString());
        Assert.Equal(domain, id.Domain.ToString());
        Assert.Equal(domain, id.ServerName.Value);
        Assert.Equal(compliant, id.IsCompliant);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("alice:example.org")]
    [InlineData("@alice")]
    [InlineData("@alice:")]
    [InlineData("@alice:exa mple.org")]
    [InlineData("@a\0:example.org")]
    [InlineData("!alice:example.org")]
    public void Other_user_ids_are_refused(string? text) => Assert.False(UserId.TryParse(text, out _));

    // Not in a theory: runners cannot carry lone surrogates as test arguments.
    [Fact]
    public void Lone_surrogates_are_refused_in_ids()
    {
        foreach (var bad in new[] { "\ud800", "\udc00", "\ud800a", "\udc00\ud800" })
        {
            Assert.False(UserId.TryParse($"@{bad}:example.org", out _));
            Assert.False(RoomAlias.TryParse($"#{bad}:example.org", out _));
            Assert.False(EventId.TryParse($"${bad}", out _));
            Assert.False(RoomId.TryParse($"!{bad}", out _));
        }
    }

    [Fact]
    public void Ids_are_limited_to_255_bytes_of_UTF8()
    {
        Assert.True(UserId.TryParse($"@{new string('a', 242)}:example.org", out _));
        Assert.False(UserId.TryParse($"@{new string('a', 243)}:example.org", out _));
        Assert.True(UserId.TryParse($"@{new string('é', 121)}:example.org", out _));
        Assert.False(UserId.TryParse($"@{new string('é', 122)}:example.org", out _));
        Assert.True(EventId.TryParse("$" + new string('a', 254), out _));
        Assert.False(EventId.TryParse("$" + new string('a', 255), out _));
    }

    [Theory]
    [InlineData("alice", true)]
    [InlineData("a.b_c=d-e/f+1", true)]
    [InlineData("", false)]
    [InlineData("Alice", false)]
    [InlineData("a b", false)]
    [InlineData("a:b", false)]
    [InlineData("é", false)]
    public void New_accounts_get_only_strict_localparts(string localpart, bool allowed) =>
        Assert.Equal(allowed, UserId.TryCreate(localpart, ServerName.Parse("example.org"), out _));

    [Fact]
    public void Room_ids_follow_their_room_version()
    {
        var hash = "!" + new string('A', 42) + "-";
        Assert.True(RoomId.IsValidFor("!a:example.org", RoomVersion.V11));
        Assert.False(RoomId.IsValidFor("!a", RoomVersion.V11));
        Assert.False(RoomId.IsValidFor(hash, RoomVersion.V11));
        Assert.True(RoomId.IsValidFor(hash, RoomVersion.V12));
        Assert.False(RoomId.IsValidFor("!a:example.org", RoomVersion.V12));
        Assert.False(RoomId.IsValidFor(hash.AsSpan(0, 43), RoomVersion.V12));
        Assert.False(RoomId.IsValidFor(hash[..^1] + "/", RoomVersion.V12));
        Assert.Equal("example.org", RoomId.Parse("!a:example.org").Domain.ToString());
        Assert.True(RoomId.Parse(hash).Domain.IsEmpty);
        Assert.False(RoomId.TryParse("!", out _));
    }

    [Fact]
    public void Event_ids_follow_their_room_version()
    {
        Assert.True(EventId.IsValidFor("$a:example.org", RoomVersion.V1));
        Assert.False(EventId.IsValidFor("$a", RoomVersion.V1));
        Assert.True(EventId.IsValidFor("$a", RoomVersion.V4));
        Assert.False(EventId.IsValidFor("$", RoomVersion.V4));
        Assert.False(EventId.IsValidFor("$x:/", RoomVersion.V4));
        Assert.False(EventId.TryParse("$x:/", out _));
        Assert.True(EventId.TryParse("$aB/+9", out _));
        Assert.Equal("example.org", EventId.Parse("$a:example.org").Domain.ToString());
    }

    [Theory]
    [InlineData("#room:example.org", true)]
    [InlineData("#räum !:example.org", true)]
    [InlineData("#:example.org", true)]
    [InlineData("#room", false)]
    [InlineData("room:example.org", false)]
    public void Aliases_have_a_domain_and_perhaps_a_localpart(string text, bool valid) => Assert.Equal(valid, RoomAlias.TryParse(text, out _));

    [Fact]
    public void Content_uris_cannot_name_other_paths()
    {
        Assert.True(MxcUri.TryParse("mxc://example.org:8448/aB-_9", out var uri));
        Assert.Equal(("example.org:8448", "aB-_9"), (uri.Domain.ToString(), uri.MediaId.ToString()));
        Assert.Equal(uri, MxcUri.Create(ServerName.Parse("example.org:8448"), "aB-_9"));
        foreach (var bad in new[] { "", "mxc://", "mxc://example.org", "mxc://example.org/", "mxc:///a", "mxc://example.org/a/b",
            "mxc://127.0.0.1/../../etc/passwd", "mxc://example.org/a.b", "mxc://exa mple/a", "http://example.org/a" })
            Assert.False(MxcUri.TryParse(bad, out _));
    }

    [Fact]
    public void Device_ids_are_opaque_but_bounded()
    {
        Assert.True(DeviceId.TryParse("any thing/ü", out _));
        Assert.False(DeviceId.TryParse("", out _));
        Assert.False(DeviceId.TryParse(new string('a', 256), out _));
        Assert.Matches("^[A-Z]{10}$", DeviceId.Generate(new SystemRandom()).Value);
    }

    [Fact]
    public void Values_that_were_never_parsed_are_empty()
    {
        Assert.Equal("", default(UserId).Value);
        Assert.Equal("", default(ServerName).Value);
    }
}
