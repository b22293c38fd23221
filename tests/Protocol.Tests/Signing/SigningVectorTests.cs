using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Tests.Signing;

public class SigningVectorTests
{
    private static readonly JsonElement s_vectors = TestFiles.Json("Vectors", "signing.json");

    private static SigningKey Key()
    {
        Assert.True(SigningKey.TryParse($"ed25519 1 {s_vectors.GetProperty("signing_key_seed").GetString()}", out var key));
        return key;
    }

    public static TheoryData<string, string> JsonVectors() => Pairs("json_signing");

    public static TheoryData<string, string> EventVectors() => Pairs("event_signing");

    [Theory]
    [MemberData(nameof(JsonVectors))]
    public void Signed_JSON_comes_out_as_in_the_appendices(string input, string expected)
    {
        var signed = SignedJson.Sign(Encoding.UTF8.GetBytes(input), "domain", Key()).Value;
        Assert.Equal(CanonicalJson.Encode(Encoding.UTF8.GetBytes(expected)).Value, signed);
        Assert.Equal(SignatureCheck.Valid, SignedJson.Check(signed, "domain", id => id == "ed25519:1" ? Key().VerifyKey : null));
        Assert.Equal(SignatureCheck.UnknownKey, SignedJson.Check(signed, "domain", _ => null));
        Assert.Equal(SignatureCheck.Missing, SignedJson.Check(signed, "other", _ => Key().VerifyKey));
        Assert.Equal(["ed25519:1"], SignedJson.GetKeyIds(signed, "domain"));
    }

    // The appendices' events lack members that the event formats ask for, so they are worked on below the level of Pdu.
    [Theory]
    [MemberData(nameof(EventVectors))]
    public void Event_hashes_and_signatures_come_out_as_in_the_appendices(string input, string expected)
    {
        var json = CanonicalJson.Encode(Encoding.UTF8.GetBytes(input)).Value;
        var hash = new byte[32];
        EventHashes.ComputeContentHash(json, hash);
        var signed = TestFiles.Parse(expected);
        Assert.Equal(signed.GetProperty("hashes").GetProperty("sha256").GetString(), UnpaddedBase64.Encode(hash));

        var hashed = Encoding.UTF8.GetString(CanonicalEditor.Without(json, "hashes"u8)).Insert(1, $"\"hashes\":{signed.GetProperty("hashes").GetRawText()},");
        var withHashes = CanonicalJson.Encode(Encoding.UTF8.GetBytes(hashed)).Value;
        var redacted = new ByteBuilder(100);
        Redaction.Append(withHashes, RoomVersion.V1, signed.GetProperty("type").GetString()!, withSignatures: false, ref redacted);
        Assert.Equal(
            signed.GetProperty("signatures").GetProperty("domain").GetProperty("ed25519:1").GetString(),
            Key().Sign(redacted.Written));
        redacted.Dispose();
    }

    [Fact]
    public void A_key_survives_its_file_form()
    {
        var key = SigningKey.Generate(new SystemRandom());
        Assert.StartsWith("ed25519 a_", key.ToFileLine(), StringComparison.Ordinal);
        Assert.True(SigningKey.TryParse(key.ToFileLine(), out var read));
        Assert.Equal(key.KeyId, read.KeyId);
        Assert.Equal(key.Sign("m"u8), read.Sign("m"u8));
        Assert.True(key.VerifyKey.Verify("m"u8, key.Sign("m"u8)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ed25519 a_1")]
    [InlineData("ed25519 a_1 AAAA")]
    [InlineData("rsa a_1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")]
    [InlineData("ed25519 a-1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")]
    public void A_damaged_key_line_is_refused(string line) => Assert.False(SigningKey.TryParse(line, out _));

    private static TheoryData<string, string> Pairs(string name)
    {
        var data = new TheoryData<string, string>();
        foreach (var vector in s_vectors.GetProperty(name).EnumerateArray())
            data.Add(vector.GetProperty("input").GetRawText(), vector.GetProperty("signed").GetRawText());
        return data;
    }
}
