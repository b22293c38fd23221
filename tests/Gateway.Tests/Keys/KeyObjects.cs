using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Gateway.Tests.Keys;

/// <summary>Key objects as clients make them.</summary>
internal static class KeyObjects
{
    /// <summary>A device's identity keys; the signing key is real if given.</summary>
    public static string Device(TestClient client, SigningKey? key = null) => new JsonObject
    {
        ["user_id"] = client.UserId,
        ["device_id"] = client.DeviceId,
        ["algorithms"] = new JsonArray("m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"),
        ["keys"] = new JsonObject { [$"curve25519:{client.DeviceId}"] = "curve", [$"ed25519:{client.DeviceId}"] = key?.VerifyKey.ToBase64() ?? "ed" },
        ["signatures"] = new JsonObject { [client.UserId] = new JsonObject { [$"ed25519:{client.DeviceId}"] = "signature" } },
    }.ToJsonString();

    /// <summary>A cross-signing key, signed by the master key if that is given.</summary>
    public static string CrossSigning(string userId, string usage, SigningKey key, SigningKey? master = null)
    {
        var json = new JsonObject
        {
            ["user_id"] = userId,
            ["usage"] = new JsonArray(usage),
            ["keys"] = new JsonObject { [key.KeyId] = key.VerifyKey.ToBase64() },
        }.ToJsonString();
        return master is null ? json : Sign(json, userId, master);
    }

    /// <summary>The object with a signature by the key.</summary>
    public static string Sign(string json, string userId, SigningKey key) =>
        Encoding.UTF8.GetString(SignedJson.Sign(Encoding.UTF8.GetBytes(json), userId, key).Value);

    /// <summary>A key whose id is its public half, as cross-signing wants it.</summary>
    public static SigningKey NewKey(byte seed)
    {
        var bytes = new byte[Ed25519.SeedSize];
        bytes.AsSpan().Fill(seed);
        return SigningKey.FromSeed(SigningKey.FromSeed("x", bytes).VerifyKey.ToBase64(), bytes);
    }
}
