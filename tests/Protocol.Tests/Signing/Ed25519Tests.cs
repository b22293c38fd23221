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

    private static readonly List<Ed25519> s_libraries = [.. new[] { Ed25519.Sodium, Ed25519.OpenSsl }.OfType<Ed25519>()];

    private static List<Ed25519> Libraries()
    {
        Assert.NotEmpty(s_libraries);
        return s_libraries;
    }

    [Theory]
    [MemberData(nameof(Rfc8032))]
    public void The_vectors_of_RFC_8032_hold_in_every_library(string seedHex, string publicHex, string messageHex, string signatureHex)
    {
        var seed = Convert.FromHexString(seedHex);
        var message = Convert.FromHexString(messageHex);
        foreach (var library in Libraries())
        {
            var publicKey = new byte[32];
            library.GetPublicKey(seed, publicKey);
            Assert.Equal(publicHex, Convert.ToHexStringLower(publicKey));
            var signature = new byte[64];
            library.Sign(seed, publicKey, message, signature);
            Assert.Equal(signatureHex, Convert.ToHexStringLower(signature));
            Assert.True(library.Verify(publicKey, message, signature));
            Assert.False(library.Verify(publicKey, [.. message, 0], signature));
        }
    }

    [Fact]
    public void Every_library_gives_the_same_right_answer_on_the_edges()
    {
        var cases = TestFiles.Json("Vectors", "ed25519-edges.json").GetProperty("cases");
        Assert.True(cases.GetArrayLength() > 30);
        foreach (var edge in cases.EnumerateArray())
        {
            byte[] Bytes(string name) => Convert.FromHexString(edge.GetProperty(name).GetString()!);
            foreach (var library in Libraries())
            {
                Assert.True(
                    edge.GetProperty("valid").GetBoolean() == library.Verify(Bytes("public_key"), Bytes("message"), Bytes("signature")),
                    $"{edge.GetProperty("name").GetString()} ({(library == Libraries()[0] ? "first" : "second")} library)");
            }
        }
    }

    [Fact]
    public void Both_libraries_make_and_accept_the_same_signatures()
    {
        var libraries = Libraries();
        if (libraries.Count < 2 && Environment.GetEnvironmentVariable("CI") != "true")
            Assert.Skip("libsodium or libcrypto is not installed");
        Assert.Equal(2, libraries.Count);
        var random = new Random(5);
        var seed = new byte[32];
        var publicKey = new byte[32];
        var first = new byte[64];
        var second = new byte[64];
        for (var i = 0; i < 300; i++)
        {
            random.NextBytes(seed);
            var message = new byte[random.Next(200)];
            random.NextBytes(message);
            libraries[0].GetPublicKey(seed, publicKey);
            libraries[0].Sign(seed, publicKey, message, first);
            libraries[1].Sign(seed, publicKey, message, second);
            Assert.Equal(first, second);
            Assert.True(libraries[1].Verify(publicKey, message, first));

            // One bit changed anywhere: both refuse.
            var bit = random.Next(64 * 8);
            first[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(libraries[0].Verify(publicKey, message, first));
            Assert.False(libraries[1].Verify(publicKey, message, first));
        }
    }

    [Fact]
    public void Wrong_sizes_never_verify()
    {
        foreach (var library in Libraries())
        {
            Assert.False(library.Verify(new byte[31], [], new byte[64]));
            Assert.False(library.Verify([], [], new byte[64]));
            Assert.False(library.Verify(TestKey(), [], new byte[63]));
            Assert.False(library.Verify(TestKey(), [], []));
            Assert.False(library.Verify(TestKey(), [], new byte[65]));
        }
    }

    private static byte[] TestKey() => SigningKey.FromSeed("1", new byte[32]).VerifyKey.PublicKey.ToArray();
}
