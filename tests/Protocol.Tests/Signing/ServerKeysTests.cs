using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Tests.Signing;

public class ServerKeysTests
{
    private const long Now = 1_700_000_000_000;
    private static readonly ServerName s_server = ServerName.Parse("example.org");
    private static readonly ServerName s_notary = ServerName.Parse("notary.org");
    private static readonly SigningKey s_key = SigningKey.FromSeed("new", new byte[32]);
    private static readonly SigningKey s_old = SigningKey.FromSeed("old", Enumerable.Repeat((byte)2, 32).ToArray());
    private static readonly SigningKey s_notaryKey = SigningKey.FromSeed("n", Enumerable.Repeat((byte)3, 32).ToArray());

    private static byte[] Own(long validUntil = Now + 1000) =>
        ServerKeys.Build(s_server, [s_key], [new ServerVerifyKey(s_old.VerifyKey, Now - 5, IsOld: true)], validUntil);

    private static byte[] Resigned(Action<JsonObject> change, SigningKey? key = null)
    {
        var json = JsonNode.Parse(Own())!.AsObject();
        json.Remove("signatures");
        change(json);
        return SignedJson.Sign(Encoding.UTF8.GetBytes(json.ToJsonString()), "example.org", key ?? s_key).Value;
    }

    [Fact]
    public void What_is_built_is_read_back()
    {
        var keys = ServerKeys.Parse(Own(), Now).Value;
        Assert.Equal(s_server, keys.ServerName);
        Assert.Equal(Now + 1000, keys.ValidUntilTs);
        Assert.Equal(2, keys.Keys.Count);
        var current = keys.Keys["ed25519:new"];
        Assert.Equal((Now + 1000, false), (current.ValidUntilTs, current.IsOld));
        Assert.True(current.Key.Verify("m"u8, s_key.Sign("m"u8)));
        var old = keys.Keys["ed25519:old"];
        Assert.Equal((Now - 5, true), (old.ValidUntilTs, old.IsOld));
        Assert.Equal(Own(), keys.Json.ToArray());
    }

    [Fact]
    public void Keys_are_relied_on_for_at_most_seven_days()
    {
        var keys = ServerKeys.Parse(Own(long.MaxValue / 4096), Now).Value;
        Assert.Equal(Now + ServerKeys.MaxValidityMs, keys.Keys["ed25519:new"].ValidUntilTs);
    }

    [Fact]
    public void The_server_must_have_signed_with_a_key_in_use()
    {
        Assert.Equal(ErrCodes.Forbidden, ServerKeys.Parse(Resigned(_ => { }, s_old), Now).Error?.ErrCode);
        Assert.Equal(ErrCodes.Forbidden, ServerKeys.Parse(Resigned(_ => { }, s_notaryKey), Now).Error?.ErrCode);
        var changed = Encoding.UTF8.GetString(Own()).Replace("example.org\",\"sig", "evil.org\",\"sig", StringComparison.Ordinal);
        Assert.Equal(ErrCodes.Forbidden, ServerKeys.Parse(Encoding.UTF8.GetBytes(changed), Now).Error?.ErrCode);
    }

    [Fact]
    public void Malformed_objects_are_refused()
    {
        foreach (var (name, value) in new[]
        {
            ("server_name", "1"), ("server_name", "\"a b\""), ("valid_until_ts", "\"1\""), ("valid_until_ts", "1.5"), ("verify_keys", "[]"),
            ("verify_keys", "{}"), ("verify_keys", "{\"ed25519:new\":1}"), ("verify_keys", "{\"ed25519:new\":{}}"),
            ("verify_keys", "{\"ed25519:new\":{\"key\":1}}"), ("verify_keys", "{\"ed25519:new\":{\"key\":\"AAAA\"}}"), ("old_verify_keys", "[]"),
            ("old_verify_keys", "{\"ed25519:x\":{\"key\":\"AAAA\"}}"), ("old_verify_keys", "{\"ed25519:x\":{\"key\":\"AAAA\",\"expired_ts\":\"1\"}}"),
        })
        {
            var json = JsonNode.Parse(Own())!.AsObject();
            json.Remove("signatures");
            json[name] = JsonNode.Parse(value);
            var signed = SignedJson.Sign(Encoding.UTF8.GetBytes(json.ToJsonString()), "example.org", s_key, Protocol.Json.CanonicalJsonMode.Lenient).Value;
            Assert.Equal((name, value, ErrCodes.BadJson), (name, value, ServerKeys.Parse(signed, Now).Error?.ErrCode));
        }

        Assert.Equal(ErrCodes.BadJson, ServerKeys.Parse("[]"u8, Now).Error?.ErrCode);
        Assert.Equal(ErrCodes.NotJson, ServerKeys.Parse("{"u8, Now).Error?.ErrCode);
    }

    [Fact]
    public void A_key_in_use_is_not_made_old_and_other_algorithms_are_passed_over()
    {
        var keys = ServerKeys.Parse(
            Resigned(json =>
            {
                json["verify_keys"]!["rsa:1"] = new JsonObject { ["key"] = "AAAA" };
                json["old_verify_keys"]!["ed25519:new"] = new JsonObject { ["key"] = s_key.VerifyKey.ToBase64(), ["expired_ts"] = 1 };
            }),
            Now).Value;
        Assert.Equal(["ed25519:new", "ed25519:old"], keys.Keys.Keys.Order(StringComparer.Ordinal));
        Assert.False(keys.Keys["ed25519:new"].IsOld);
    }

    [Fact]
    public void A_notary_passes_keys_on_under_its_own_signature()
    {
        var response = ServerKeys.BuildNotaryResponse([Own(), Resigned(json => json["x"] = 1)], s_notary, s_notaryKey);
        VerifyKey? Find(string id) => id == s_notaryKey.KeyId ? s_notaryKey.VerifyKey : null;
        var found = ServerKeys.ParseNotaryResponse(response, "notary.org", Find, Now).Value;
        Assert.Equal(2, found.Length);
        Assert.Equal(s_server, found[0].ServerName);
        Assert.Empty(ServerKeys.ParseNotaryResponse(response, "other.org", Find, Now).Value);
        Assert.Empty(ServerKeys.ParseNotaryResponse(response, "notary.org", _ => null, Now).Value);

        // An entry that its own server did not sign is left out, the other stays.
        var mixed = ServerKeys.BuildNotaryResponse([Own(), Resigned(_ => { }, s_old)], s_notary, s_notaryKey);
        Assert.Single(ServerKeys.ParseNotaryResponse(mixed, "notary.org", Find, Now).Value);
        foreach (var bad in new[] { "{}", "[]", """{"server_keys":{}}""" })
            Assert.Equal(ErrCodes.BadJson, ServerKeys.ParseNotaryResponse(Encoding.UTF8.GetBytes(bad), "notary.org", Find, Now).Error?.ErrCode);
        Assert.Empty(ServerKeys.ParseNotaryResponse("""{"server_keys":[1,null,{}]}"""u8, "notary.org", Find, Now).Value);
    }
}
