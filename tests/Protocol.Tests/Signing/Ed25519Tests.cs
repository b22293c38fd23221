using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Tests.Signing;

public class Ed25519Tests
{
    public static TheoryData<string, string, string, string> Rfc8032 => new()
    {
        {
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        },
        {
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        },
        {
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        },
    };

    [Theory]
    [MemberData(nameof(Rfc8032))]
    public void The_vectors_of_RFC_8032_hold(string seedHex, string publicHex, string messageHex, string signatureHex)
    {
        var message = Convert.FromHexString(messageHex);
        var key = SigningKey.FromSeed("1", Convert.FromHexString(seedHex));
        Assert.Equal(publicHex, Convert.ToHexStringLower(key.VerifyKey.PublicKey));
        var signature = new byte[64];
        key.Sign(message, signature);
        Assert.Equal(signatureHex, Convert.ToHexStringLower(signature));
        Assert.True(key.VerifyKey.Verify(message, signature));
        Assert.False(key.VerifyKey.Verify([.. message, 0], signature));
    }

    [Fact]
    public void Every_edge_gets_the_right_answer()
    {
        var cases = TestFiles.Json("Vectors", "ed25519-edges.json").GetProperty("cases");
        Assert.True(cases.GetArrayLength() > 30);
        foreach (var edge in cases.EnumerateArray())
        {
            byte[] Bytes(string name) => Convert.FromHexString(edge.GetProperty(name).GetString()!);
            var key = VerifyKey.FromBytes("ed25519:1", Bytes("public_key"));
            Assert.True(edge.GetProperty("valid").GetBoolean() == key.Verify(Bytes("message"), Bytes("signature")), edge.GetProperty("name").GetString());
        }
    }

    [Fact]
    public void A_bit_that_changes_anywhere_in_a_signature_makes_it_invalid()
    {
        var random = new Random(5);
        var seed = new byte[32];
        var signature = new byte[64];
        for (var i = 0; i < 300; i++)
        {
            random.NextBytes(seed);
            var message = new byte[random.Next(200)];
            random.NextBytes(message);
            var key = SigningKey.FromSeed("1", seed);
            key.Sign(message, signature);
            Assert.True(key.VerifyKey.Verify(message, signature));
            var bit = random.Next(64 * 8);
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(key.VerifyKey.Verify(message, signature));
        }
    }

    [Fact]
    public void Wrong_sizes_never_verify()
    {
        var key = SigningKey.FromSeed("1", new byte[32]).VerifyKey;
        foreach (var size in new[] { 0, 63, 65 })
            Assert.False(key.Verify([], new byte[size]));
        foreach (var size in new[] { 0, 31, 33 })
        {
            Assert.False(VerifyKey.TryParse("ed25519:1", Convert.ToBase64String(new byte[size]), out _));
            Assert.Throws<ArgumentOutOfRangeException>(() => VerifyKey.FromBytes("ed25519:1", new byte[size]));
        }
    }

    [Fact]
    public void A_key_file_keeps_the_seed()
    {
        var key = SigningKey.FromSeed("a", Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
        Assert.True(SigningKey.TryParse(key.ToFileLine(), out var again));
        Assert.Equal(key.VerifyKey.ToBase64(), again.VerifyKey.ToBase64());
        Assert.Equal(key.Sign("x"u8), again.Sign("x"u8));
    }
}
