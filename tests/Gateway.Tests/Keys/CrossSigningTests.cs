using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Keys;

public sealed class CrossSigningTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    private const string Upload = "v3/keys/device_signing/upload";

    [Fact]
    public async Task The_first_keys_and_a_repetition_of_them_need_no_password_new_ones_do()
    {
        var alice = await server.RegisterAsync("alice");
        var first = $$"""{"master_key":{{KeyObjects.CrossSigning(alice.UserId, "master", KeyObjects.NewKey(1))}}}""";
        var second = $$"""{"master_key":{{KeyObjects.CrossSigning(alice.UserId, "master", KeyObjects.NewKey(2))}}}""";

        (await alice.PostAsync(Upload, first)).Ok();
        (await alice.PostAsync(Upload, first)).Ok();
        var challenge = await alice.PostAsync(Upload, second);

        Assert.Equal(401, challenge.Status);
        Assert.Equal("m.login.password", (string?)challenge.Json["flows"]![0]!["stages"]![0]);
        var auth = $$$"""{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{{alice.UserId}}}"},"password":"{{{TestClient.Password}}}","session":"{{{challenge.Json["session"]}}}"}""";
        (await alice.PostAsync(Upload, second.Insert(second.Length - 1, $",\"auth\":{auth}"))).Ok();
        var keys = (await alice.PostAsync("v3/keys/query", $$$"""{"device_keys":{"{{{alice.UserId}}}":[]}}""")).Ok();
        Assert.NotNull(keys["master_keys"]![alice.UserId]!["keys"]![KeyObjects.NewKey(2).KeyId]);
    }

    [Fact]
    public async Task Keys_without_the_master_keys_signature_are_refused()
    {
        var alice = await server.RegisterAsync("alice");
        var master = KeyObjects.CrossSigning(alice.UserId, "master", KeyObjects.NewKey(1));
        var byOther = KeyObjects.CrossSigning(alice.UserId, "self_signing", KeyObjects.NewKey(2), KeyObjects.NewKey(9));
        var unsigned = KeyObjects.CrossSigning(alice.UserId, "user_signing", KeyObjects.NewKey(3));

        (await alice.PostAsync(Upload, $$"""{"self_signing_key":{{byOther}}}""")).Fails(400, "M_MISSING_PARAM");
        (await alice.PostAsync(Upload, $$"""{"master_key":{{master}},"self_signing_key":{{byOther}}}""")).Fails(400, "M_INVALID_SIGNATURE");
        (await alice.PostAsync(Upload, $$"""{"master_key":{{master}},"user_signing_key":{{unsigned}}}""")).Fails(400, "M_INVALID_SIGNATURE");
        (await alice.PostAsync(Upload, $$"""{"master_key":{{KeyObjects.CrossSigning("@other:one.test", "master", KeyObjects.NewKey(1))}}}"""))
            .Fails(400, "M_INVALID_PARAM");
    }

    [Fact]
    public async Task The_user_signing_key_is_shown_to_its_owner_only()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        await UploadAllAsync(alice, 10);
        var query = $$$"""{"device_keys":{"{{{alice.UserId}}}":[]}}""";

        var own = (await alice.PostAsync("v3/keys/query", query)).Ok();
        var others = (await bob.PostAsync("v3/keys/query", query)).Ok();

        Assert.NotNull(own["user_signing_keys"]![alice.UserId]);
        Assert.Empty(others["user_signing_keys"]!.AsObject());
        Assert.NotNull(others["master_keys"]![alice.UserId]);
        Assert.NotNull(others["self_signing_keys"]![alice.UserId]);
    }

    [Fact]
    public async Task A_device_signed_by_its_owner_is_shown_so_to_everybody()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        await UploadAllAsync(alice, 20);
        var device = KeyObjects.Device(alice);
        (await alice.PostAsync("v3/keys/upload", $$"""{"device_keys":{{device}}}""")).Ok();
        var selfSigning = KeyObjects.NewKey(21);

        var signed = KeyObjects.Sign(device, alice.UserId, selfSigning);
        var result = (await alice.PostAsync("v3/keys/signatures/upload", $$$"""{"{{{alice.UserId}}}":{"{{{alice.DeviceId}}}":{{{signed}}}}}""")).Ok();

        Assert.Empty(result["failures"]!.AsObject());
        var seen = (await bob.PostAsync("v3/keys/query", $$$"""{"device_keys":{"{{{alice.UserId}}}":[]}}""")).Ok();
        var signatures = seen["device_keys"]![alice.UserId]![alice.DeviceId]!["signatures"]![alice.UserId]!;
        Assert.NotNull(signatures[selfSigning.KeyId]);
        Assert.Equal("signature", (string?)signatures[$"ed25519:{alice.DeviceId}"]);
    }

    [Fact]
    public async Task A_signature_on_another_users_key_is_shown_to_its_maker_only()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        await UploadAllAsync(alice, 30);
        await UploadAllAsync(bob, 40);
        var bobsMaster = KeyObjects.CrossSigning(bob.UserId, "master", KeyObjects.NewKey(40));
        var userSigning = KeyObjects.NewKey(32);
        var bobsKey = KeyObjects.NewKey(40).VerifyKey.ToBase64();

        var signed = KeyObjects.Sign(bobsMaster, alice.UserId, userSigning);
        var result = (await alice.PostAsync("v3/keys/signatures/upload", $$$"""{"{{{bob.UserId}}}":{"{{{bobsKey}}}":{{{signed}}}}}""")).Ok();

        Assert.Empty(result["failures"]!.AsObject());
        var query = $$$"""{"device_keys":{"{{{bob.UserId}}}":[]}}""";
        var alices = (await alice.PostAsync("v3/keys/query", query)).Ok()["master_keys"]![bob.UserId]!;
        var bobs = (await bob.PostAsync("v3/keys/query", query)).Ok()["master_keys"]![bob.UserId]!;
        Assert.NotNull(alices["signatures"]![alice.UserId]![userSigning.KeyId]);
        Assert.Null(bobs["signatures"]);
    }

    [Fact]
    public async Task Signatures_that_are_wrong_or_on_other_content_or_on_unknown_keys_are_failures()
    {
        var alice = await server.RegisterAsync("alice");
        await UploadAllAsync(alice, 50);
        var device = KeyObjects.Device(alice);
        (await alice.PostAsync("v3/keys/upload", $$"""{"device_keys":{{device}}}""")).Ok();
        var selfSigning = KeyObjects.NewKey(51);

        var forged = KeyObjects.Sign(device, alice.UserId, selfSigning)
            .Replace($"\"{selfSigning.KeyId}\":\"", $"\"{selfSigning.KeyId}\":\"AAAA", StringComparison.Ordinal);
        var other = KeyObjects.Sign(device.Replace("curve", "evil", StringComparison.Ordinal), alice.UserId, selfSigning);

        Assert.Equal("M_INVALID_SIGNATURE", await FailureAsync(alice, alice.DeviceId, forged));
        Assert.Equal("M_INVALID_PARAM", await FailureAsync(alice, alice.DeviceId, other));
        Assert.Equal("M_NOT_FOUND", await FailureAsync(alice, "NODEVICE", other));
        Assert.Equal("M_INVALID_SIGNATURE", await FailureAsync(alice, alice.DeviceId, KeyObjects.Sign(device, alice.UserId, KeyObjects.NewKey(99))));
    }

    private static async Task<string?> FailureAsync(TestClient who, string target, string signed)
    {
        var answer = (await who.PostAsync("v3/keys/signatures/upload", $$$"""{"{{{who.UserId}}}":{"{{{target}}}":{{{signed}}}}}""")).Ok();
        return (string?)answer["failures"]![who.UserId]![target]!["errcode"];
    }

    private static async Task UploadAllAsync(TestClient who, byte seed)
    {
        var master = KeyObjects.NewKey(seed);
        var body = $$"""
            {"master_key":{{KeyObjects.CrossSigning(who.UserId, "master", master)}},
             "self_signing_key":{{KeyObjects.CrossSigning(who.UserId, "self_signing", KeyObjects.NewKey((byte)(seed + 1)), master)}},
             "user_signing_key":{{KeyObjects.CrossSigning(who.UserId, "user_signing", KeyObjects.NewKey((byte)(seed + 2)), master)}}}
            """;
        (await who.PostAsync(Upload, body)).Ok();
    }
}
