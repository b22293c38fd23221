using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Gateway.Tests.Client;

/// <summary>What is kept of a device or an account that is gone is taken away by those who own it, also if the server is killed before they are asked.</summary>
public sealed class DeviceCleanupTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    private IStorage Storage => server.Services.GetRequiredService<IStorage>();

    [Fact]
    public async Task Keys_messages_and_pushers_go_with_their_device()
    {
        var (alice, other) = await TwoDevicesAsync();
        (await other.PostAsync("v3/logout")).Ok();
        await GoneAsync(alice, other.DeviceId);
        Assert.Equal([alice.DeviceId], (await Storage.Devices.OfUserAsync(alice.UserId)).Select(d => d.DeviceId));
        Assert.Single(await Storage.Keys.OneTimeKeysAsync(alice.UserId, alice.DeviceId));
    }

    [Fact]
    public async Task They_go_after_a_restart_if_the_server_was_killed_between()
    {
        var (alice, other) = await TwoDevicesAsync();

        // As the account's commit leaves it.
        var unit = new WriteUnit();
        Storage.Devices.Delete(unit, alice.UserId, other.DeviceId);
        Storage.Accounts.DeleteTokens(unit, alice.UserId, other.DeviceId);
        Storage.Accounts.AddCleanup(unit, alice.UserId, other.DeviceId);
        await Storage.CommitAsync(unit);
        await server.CrashAsync();
        for (var i = 0; i < 2000 && (await Storage.Accounts.CleanupsAsync(alice.UserId)).Count > 0; i++)
            await Task.Delay(5, TestContext.Current.CancellationToken);
        await GoneAsync(alice, other.DeviceId);
        Assert.Single(await Storage.Keys.OneTimeKeysAsync(alice.UserId, alice.DeviceId));
    }

    [Fact]
    public async Task Private_data_goes_with_a_user_who_is_erased()
    {
        var (alice, _) = await TwoDevicesAsync();
        (await alice.PutAsync($"v3/user/{alice.UserId}/account_data/m.x", """{"a":1}""")).Ok();
        (await alice.PostAsync("v3/room_keys/version", """{"algorithm":"a","auth_data":{}}""")).Ok();
        (await alice.PostAsync("v3/account/deactivate", $$$"""
            {"erase":true,"auth":{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{{alice.UserId}}}"},"password":"{{{TestClient.Password}}}"}}
            """)).Ok();
        Assert.Empty(await Storage.Accounts.CleanupsAsync(alice.UserId));
        Assert.Null(await Storage.AccountData.GetAsync(alice.UserId, "", "m.x"));
        Assert.Null(await Storage.Keys.Backups.GetAsync(alice.UserId, null));
        Assert.Empty(await Storage.Pushers.OfUserAsync(alice.UserId));
        Assert.Empty(await Storage.Devices.OfUserAsync(alice.UserId));
        Assert.Empty(await Storage.Keys.OneTimeKeysAsync(alice.UserId, alice.DeviceId));
    }

    private async Task<(TestClient Alice, TestClient Other)> TwoDevicesAsync()
    {
        var alice = await server.RegisterAsync("cleanup");
        var other = await server.LogInAsync(alice);
        foreach (var device in (TestClient[])[alice, other])
        {
            (await device.PostAsync("v3/keys/upload", """{"one_time_keys":{"signed_curve25519:A":{"key":"1"}}}""")).Ok();
            (await device.PostAsync("v3/pushers/set", $$$"""
                {"app_id":"a","pushkey":"{{{device.DeviceId}}}","kind":"http","app_display_name":"a","device_display_name":"d","lang":"en","append":true,
                 "data":{"url":"https://push.test/_matrix/push/v1/notify"}}
                """)).Ok();
        }

        (await alice.PutAsync(
            $"v3/sendToDevice/m.x/{other.DeviceId}", $$$"""{"messages":{"{{{alice.UserId}}}":{"{{{other.DeviceId}}}":{"n":1} } } }""")).Ok();
        Assert.Single(await Storage.ToDevice.WaitingAsync(alice.UserId, other.DeviceId, 0, long.MaxValue, 10));
        return (alice, other);
    }

    private async Task GoneAsync(TestClient alice, string deviceId)
    {
        Assert.Empty(await Storage.Accounts.CleanupsAsync(alice.UserId));
        Assert.Empty(await Storage.Keys.OneTimeKeysAsync(alice.UserId, deviceId));
        Assert.Empty(await Storage.ToDevice.WaitingAsync(alice.UserId, deviceId, 0, long.MaxValue, 10));
        Assert.Equal([alice.DeviceId], (await Storage.Pushers.OfUserAsync(alice.UserId)).Select(p => p.PushKey));
    }
}
