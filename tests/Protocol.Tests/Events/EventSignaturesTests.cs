using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Tests.Events;

public class EventSignaturesTests
{
    private static readonly SigningKey s_otherKey = SigningKey.FromSeed("2", Enumerable.Repeat((byte)7, 32).ToArray());

    private static ServerVerifyKey? AnyKey(string server, string keyId) =>
        keyId == s_otherKey.KeyId ? new ServerVerifyKey(s_otherKey.VerifyKey, TestEvents.Ts, false) : TestEvents.FindKey(server, keyId);

    private static Pdu Change(Pdu pdu, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(pdu.Json.Span)!.AsObject();
        change(json);
        return Pdu.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), pdu.RoomVersion).Value;
    }

    [Theory]
    [MemberData(nameof(TestEvents.Versions), MemberType = typeof(TestEvents))]
    public void A_built_event_and_its_redacted_form_are_validly_signed(string version)
    {
        var pdu = TestEvents.Build(TestEvents.Version(version));
        var check = EventSignatures.Verify(pdu, TestEvents.FindKey);
        Assert.Equal(EventCheckOutcome.Valid, check.Outcome);
        Assert.Same(pdu, check.Pdu);

        // "this step should succeed whether we have been sent the full event or a redacted copy"
        var redacted = EventSignatures.Verify(Redaction.Redact(pdu), TestEvents.FindKey);
        Assert.Equal(EventCheckOutcome.HashMismatch, redacted.Outcome);
        Assert.True(redacted.IsAcceptable);
        Assert.Equal(Redaction.Redact(pdu).Json.ToArray(), redacted.Pdu.Json.ToArray());
    }

    [Fact]
    public void Changed_content_gives_the_redacted_event()
    {
        var pdu = Change(TestEvents.Build(RoomVersion.V12), json => json["content"]!["body"] = "forged");
        var check = EventSignatures.Verify(pdu, TestEvents.FindKey);
        Assert.Equal(EventCheckOutcome.HashMismatch, check.Outcome);
        Assert.Equal("{}", Encoding.UTF8.GetString(check.Pdu.ContentJson.Span));
    }

    [Fact]
    public void A_hash_that_is_not_Base64_is_a_mismatch()
    {
        var pdu = TestEvents.Build(RoomVersion.V12);
        var odd = EventSignatures.Sign(Change(pdu, json => json["hashes"] = new JsonObject { ["sha256"] = "***" }), TestEvents.Server, TestEvents.Key);
        Assert.Equal(EventCheckOutcome.HashMismatch, EventSignatures.Verify(odd, TestEvents.FindKey).Outcome);
    }

    [Fact]
    public void A_missing_unknown_or_wrong_signature_is_told_apart()
    {
        var pdu = TestEvents.Build(RoomVersion.V12);
        var missing = EventSignatures.Verify(Change(pdu, json => json["signatures"] = new JsonObject()), TestEvents.FindKey);
        Assert.Equal((EventCheckOutcome.MissingSignature, "example.org"), (missing.Outcome, missing.Server));

        var otherAlgorithm = Change(pdu, json => json["signatures"]!["example.org"] = new JsonObject { ["rsa:1"] = "AAAA" });
        Assert.Equal(EventCheckOutcome.MissingSignature, EventSignatures.Verify(otherAlgorithm, TestEvents.FindKey).Outcome);

        var unknown = EventSignatures.Verify(pdu, (_, _) => null);
        Assert.Equal((EventCheckOutcome.UnknownKey, "ed25519:1"), (unknown.Outcome, unknown.KeyId));

        foreach (var bad in new[] { "", "AAAA", "***", new string('A', 86) })
        {
            var wrong = EventSignatures.Verify(Change(pdu, json => json["signatures"]!["example.org"]!["ed25519:1"] = bad), TestEvents.FindKey);
            Assert.Equal((EventCheckOutcome.InvalidSignature, "ed25519:1"), (wrong.Outcome, wrong.KeyId));
            Assert.False(wrong.IsAcceptable);
        }
    }

    [Fact]
    public void Unknown_keys_beside_a_known_one_are_passed_over_and_wrong_ones_are_not()
    {
        var pdu = EventSignatures.AddSignature(TestEvents.Build(RoomVersion.V12), "example.org", "ed25519:policy_server", "AAAA");
        Assert.Equal(EventCheckOutcome.Valid, EventSignatures.Verify(pdu, TestEvents.FindKey).Outcome);

        var wrong = EventSignatures.AddSignature(TestEvents.Build(RoomVersion.V12), "example.org", s_otherKey.KeyId, "AAAA");
        Assert.Equal(EventCheckOutcome.InvalidSignature, EventSignatures.Verify(wrong, AnyKey).Outcome);
    }

    [Fact]
    public void Key_validity_counts_from_version_5_and_expiry_always()
    {
        foreach (var version in RoomVersion.All)
        {
            var pdu = TestEvents.Build(version);
            EventCheckOutcome With(long until, bool old) =>
                EventSignatures.Verify(pdu, (_, _) => new ServerVerifyKey(TestEvents.Key.VerifyKey, until, old)).Outcome;
            Assert.Equal(EventCheckOutcome.Valid, With(TestEvents.Ts, false));
            Assert.Equal(version.EnforceKeyValidity ? EventCheckOutcome.UnknownKey : EventCheckOutcome.Valid, With(TestEvents.Ts - 1, false));
            Assert.Equal(EventCheckOutcome.Valid, With(TestEvents.Ts, true));
            Assert.Equal(EventCheckOutcome.UnknownKey, With(TestEvents.Ts - 1, true));
        }
    }

    [Fact]
    public void The_domain_of_the_event_id_must_sign_in_versions_1_and_2()
    {
        foreach (var version in new[] { RoomVersion.V1, RoomVersion.V2 })
        {
            var pdu = TestEvents.Build(version, eventId: "$e:other.org");
            Assert.Equal(["example.org", "other.org"], EventSignatures.GetRequiredServers(pdu));
            var check = EventSignatures.Verify(pdu, AnyKey);
            Assert.Equal((EventCheckOutcome.MissingSignature, "other.org"), (check.Outcome, check.Server));
            var signed = EventSignatures.Sign(pdu, ServerName.Parse("other.org"), s_otherKey);
            Assert.Equal(EventCheckOutcome.Valid, EventSignatures.Verify(signed, AnyKey).Outcome);
            Assert.Equal(2, EventSignatures.GetRequiredSignatures(signed).Count);
        }
    }

    [Fact]
    public void The_authorising_server_must_sign_a_restricted_join()
    {
        const string Content = """{"join_authorised_via_users_server":"@mod:other.org","membership":"join"}""";
        foreach (var version in RoomVersion.All)
        {
            var pdu = TestEvents.Build(version, EventTypes.Member, Content, "@u:example.org");
            Assert.Equal(version.RestrictedJoin ? ["example.org", "other.org"] : ["example.org"], EventSignatures.GetRequiredServers(pdu));
        }

        var join = TestEvents.Build(RoomVersion.V12, EventTypes.Member, Content, "@u:example.org");
        Assert.Equal(EventCheckOutcome.MissingSignature, EventSignatures.Verify(join, AnyKey).Outcome);
        var signed = EventSignatures.Sign(join, ServerName.Parse("other.org"), s_otherKey);
        Assert.Equal(EventCheckOutcome.Valid, EventSignatures.Verify(signed, AnyKey).Outcome);
        Assert.Equal(join.EventId, signed.EventId);
        // The rule has no regard for the membership.
        var leave = TestEvents.Build(RoomVersion.V12, EventTypes.Member, Content.Replace("\"join\"", "\"leave\"", StringComparison.Ordinal), "@u:example.org");
        Assert.Equal(EventCheckOutcome.MissingSignature, EventSignatures.Verify(leave, AnyKey).Outcome);
    }

    [Fact]
    public void A_third_party_invite_needs_no_signature_of_its_senders_server()
    {
        var invite = TestEvents.Build(
            RoomVersion.V12, EventTypes.Member, """{"membership":"invite","third_party_invite":{"signed":{}}}""", "@b:other.org", "@a:elsewhere.org");
        Assert.Empty(EventSignatures.GetRequiredServers(invite));
        Assert.Equal(EventCheckOutcome.Valid, EventSignatures.Verify(invite, (_, _) => null).Outcome);
        var join = TestEvents.Build(RoomVersion.V12, EventTypes.Member, """{"membership":"join","third_party_invite":{}}""", "@u:example.org");
        Assert.Equal(["example.org"], EventSignatures.GetRequiredServers(join));
    }

    [Fact]
    public void A_policy_servers_signature_is_checked_with_its_own_key()
    {
        var key = SigningKey.FromSeed("policy_server", Enumerable.Repeat((byte)9, 32).ToArray());
        var pdu = TestEvents.Build(RoomVersion.V12);
        Assert.False(EventSignatures.IsSignedBy(pdu, "policy.org", key.VerifyKey));
        var signed = EventSignatures.Sign(pdu, ServerName.Parse("policy.org"), key);
        Assert.True(EventSignatures.IsSignedBy(signed, "policy.org", key.VerifyKey));
        Assert.False(EventSignatures.IsSignedBy(signed, "policy.org", TestEvents.Key.VerifyKey));
        Assert.False(EventSignatures.IsSignedBy(EventSignatures.AddSignature(pdu, "policy.org", key.KeyId, "x"), "policy.org", key.VerifyKey));
    }
}
