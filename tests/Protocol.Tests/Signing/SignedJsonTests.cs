using System.Text;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Tests.Signing;

public class SignedJsonTests
{
    private static readonly SigningKey s_key = SigningKey.FromSeed("1", new byte[32]);
    private static readonly SigningKey s_second = SigningKey.FromSeed("2", Enumerable.Repeat((byte)2, 32).ToArray());

    private static VerifyKey? Find(string keyId) =>
        keyId == s_key.KeyId ? s_key.VerifyKey : keyId == s_second.KeyId ? s_second.VerifyKey : null;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Signed(string json, string entity = "a", SigningKey? key = null) => SignedJson.Sign(Bytes(json), entity, key ?? s_key).Value;

    [Fact]
    public void Signatures_stand_side_by_side()
    {
        var json = Encoding.UTF8.GetString(Signed("""{"x":1,"unsigned":{"u":1},"signatures":{"z":{"ed25519:0":"AA"}}}"""));
        json = Encoding.UTF8.GetString(Signed(json, key: s_second));
        json = Encoding.UTF8.GetString(Signed(json, "b\"\n"));
        Assert.Equal(SignatureCheck.Valid, SignedJson.Check(Bytes(json), "a", Find));
        Assert.Equal(SignatureCheck.Valid, SignedJson.Check(Bytes(json), "b\"\n", Find));
        Assert.Equal(SignatureCheck.UnknownKey, SignedJson.Check(Bytes(json), "z", Find));
        Assert.Equal(["ed25519:1", "ed25519:2"], SignedJson.GetKeyIds(Bytes(json), "a"));
        Assert.Contains("\"unsigned\":{\"u\":1}", json, StringComparison.Ordinal);
        // Signing again changes nothing.
        Assert.Equal(json, Encoding.UTF8.GetString(Signed(json)));
    }

    [Fact]
    public void Only_unsigned_and_signatures_may_change()
    {
        var json = Encoding.UTF8.GetString(Signed("""{"x":1,"unsigned":{"u":1}}"""));
        Assert.Equal(SignatureCheck.Valid, SignedJson.Check(Bytes(json.Replace("{\"u\":1}", "{\"u\":2}", StringComparison.Ordinal)), "a", Find));
        Assert.Equal(SignatureCheck.Invalid, SignedJson.Check(Bytes(json.Replace("\"x\":1", "\"x\":2", StringComparison.Ordinal)), "a", Find));
        Assert.Equal(SignatureCheck.Invalid, SignedJson.Check(Bytes(json.Replace("\"x\":1", "\"x\":1,\"y\":1", StringComparison.Ordinal)), "a", Find));
    }

    [Fact]
    public void A_wrong_signature_by_a_known_key_is_not_made_good_by_a_right_one()
    {
        var json = Encoding.UTF8.GetString(Signed("""{"signatures":{"a":{"ed25519:2":"AA"}}}"""));
        Assert.Equal(SignatureCheck.Invalid, SignedJson.Check(Bytes(json), "a", Find));
        Assert.Equal(SignatureCheck.Valid, SignedJson.Check(Bytes(json), "a", id => id == s_key.KeyId ? s_key.VerifyKey : null));
    }

    [Theory]
    [InlineData("{}", SignatureCheck.Missing)]
    [InlineData("""{"signatures":1}""", SignatureCheck.Missing)]
    [InlineData("""{"signatures":{"a":[]}}""", SignatureCheck.Missing)]
    [InlineData("""{"signatures":{"a":{}}}""", SignatureCheck.Missing)]
    [InlineData("""{"signatures":{"a":{"rsa:1":"AA"}}}""", SignatureCheck.Missing)]
    [InlineData("""{"signatures":{"a":{"ed25519:":"AA"}}}""", SignatureCheck.Missing)]
    [InlineData("""{"signatures":{"a":{"ed25519:9":"AA"}}}""", SignatureCheck.UnknownKey)]
    [InlineData("""{"signatures":{"a":{"ed25519:1":1}}}""", SignatureCheck.Invalid)]
    [InlineData("""{"signatures":{"a":{"ed25519:1":"%"}}}""", SignatureCheck.Invalid)]
    [InlineData("[]", SignatureCheck.NotCanonical)]
    [InlineData("{", SignatureCheck.NotCanonical)]
    [InlineData("""{"a":1.5}""", SignatureCheck.NotCanonical)]
    public void Objects_without_a_good_signature_fail_the_check(string json, SignatureCheck expected) =>
        Assert.Equal(expected, SignedJson.Check(Bytes(json), "a", Find));

    [Fact]
    public void What_is_in_the_way_of_a_signature_is_replaced()
    {
        foreach (var json in new[] { """{"signatures":1}""", """{"signatures":{"a":1}}""", """{"signatures":{"a":{"ed25519:1":1}}}""" })
            Assert.Equal(SignatureCheck.Valid, SignedJson.Check(Signed(json), "a", Find));
    }

    [Fact]
    public void Only_objects_with_a_canonical_form_are_signed()
    {
        Assert.Equal(ErrCodes.BadJson, SignedJson.Sign("[]"u8, "a", s_key).Error?.ErrCode);
        Assert.Equal(ErrCodes.NotJson, SignedJson.Sign("{"u8, "a", s_key).Error?.ErrCode);
    }

    [Fact]
    public void A_verify_key_is_32_bytes_under_an_ed25519_id()
    {
        Assert.True(VerifyKey.TryParse("ed25519:x", s_key.VerifyKey.ToBase64(), out var key));
        Assert.Equal(s_key.VerifyKey.PublicKey.ToArray(), key.PublicKey.ToArray());
        Assert.False(VerifyKey.TryParse("ed25519", s_key.VerifyKey.ToBase64(), out _));
        Assert.False(VerifyKey.TryParse("rsa:x", s_key.VerifyKey.ToBase64(), out _));
        Assert.False(VerifyKey.TryParse("ed25519:x", "AAAA", out _));
        Assert.False(VerifyKey.TryParse("ed25519:x", s_key.VerifyKey.ToBase64() + "AAAA", out _));
    }
}
