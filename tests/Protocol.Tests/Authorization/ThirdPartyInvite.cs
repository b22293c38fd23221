using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Tests.Authorization;

/// <summary>A third-party invite by <see cref="AuthRoom.User"/>, and the invite of <see cref="AuthRoom.Out"/> that comes of it.</summary>
internal static class ThirdPartyInvite
{
    private static readonly SigningKey s_key = SigningKey.FromSeed("0", Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());
    private static readonly SigningKey s_other = SigningKey.FromSeed("0", new byte[32]);

    public static AuthResult Try(
        RoomVersion version, Action<AuthRoom>? change = null, string? content = null, string mxid = AuthRoom.Out, string token = "t",
        string sender = AuthRoom.User, bool tamper = false, bool keyInList = false)
    {
        var room = new AuthRoom(version);
        var keys = keyInList
            ? $$"""{"public_key":"{{s_other.VerifyKey.ToBase64()}}","public_keys":[1,{"public_key":"{{s_key.VerifyKey.ToBase64()}}"}]}"""
            : $$"""{"public_key":"{{s_key.VerifyKey.ToBase64()}}"}""";
        room.Set(EventTypes.ThirdPartyInvite, "t", AuthRoom.User, keys);
        change?.Invoke(room);
        content ??= $$"""{"display_name":"x","signed":{{Sign(mxid, token, tamper)}}}""";
        return room.Try(EventTypes.Member, AuthRoom.Out, sender, $$"""{"membership":"invite","third_party_invite":{{content}}}""");
    }

    private static string Sign(string mxid, string token, bool tamper)
    {
        var signed = new JsonObject { ["token"] = token, ["mxid"] = mxid };
        var message = CanonicalJson.Encode(Encoding.UTF8.GetBytes(signed.ToJsonString())).Value;
        var signature = s_key.Sign(message);
        if (tamper)
            signed["more"] = 1;
        signed["signatures"] = new JsonObject { ["id.one"] = new JsonObject { ["ed25519:0"] = signature } };
        return signed.ToJsonString();
    }
}
