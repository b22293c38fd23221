using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Silo.Keys;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>One server signs with another key from a time on: others take what it signs then, and what it signed before (ADR 0138).</summary>
public sealed class KeyRotationTests : IAsyncLifetime
{
    private static readonly TimeSpan s_lead = TimeSpan.FromMinutes(5);

    private readonly TestClock _clock = new(TimeProvider.System.GetUtcNow());
    private readonly FederatingServer _one, _two, _three;

    public KeyRotationTests() => (_one, _two, _three) = (New(), New(), New());

    public async ValueTask InitializeAsync() => await Task.WhenAll(
        new[] { _one, _two, _three }.Select(static server => server.InitializeAsync().AsTask()));

    [Fact(Timeout = 120_000)]
    public async Task Servers_take_what_is_signed_by_the_key_in_use_and_by_the_one_before()
    {
        var anna = await _one.RegisterAsync("anna");
        var bert = await _two.RegisterAsync("bert");
        var carl = await _three.RegisterAsync("carl");
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        var path = Uri.EscapeDataString(room);
        (await bert.PostAsync($"v3/join/{path}?server_name={_one.FederationName}")).Ok();
        (await bert.GetAsync($"v3/rooms/{path}/members")).Ok();
        var before = await anna.SendTextAsync(room, "signed by the first");
        await SeesAsync(bert, room, before);

        var first = Assert.Single(await PublishedAsync("verify_keys")).Key;
        var second = await RotateAsync();
        var after = await anna.SendTextAsync(room, "signed by the second");
        await SeesAsync(bert, room, after);
        Assert.Equal(second, Assert.Single(await PublishedAsync("verify_keys")).Key);
        Assert.Equal(first, Assert.Single(await PublishedAsync("old_verify_keys")).Key);

        // Who comes now learns of both keys at once, and gets the events through another server.
        (await carl.PostAsync($"v3/join/{path}?server_name={_two.FederationName}")).Ok();
        (await carl.GetAsync($"v3/rooms/{path}/members")).Ok();
        var read = (await carl.GetAsync($"v3/rooms/{path}/messages?dir=b&limit=50")).Ok()["chunk"]!.AsArray();
        var ids = read.Select(static e => e!["event_id"]!.GetValue<string>()).ToList();
        Assert.Contains(before, ids);
        Assert.Contains(after, ids);
    }

    private FederatingServer New() => new() { Clock = _clock };

    private async Task<string> RotateAsync()
    {
        var storage = _one.Services.GetRequiredService<IStorage>();
        var history = (await KeyHistory.ReadAsync(storage))!;
        var from = (_clock.GetUtcNow() + s_lead).ToUnixTimeMilliseconds();
        var key = await _one.Services.GetRequiredService<SigningKeys>().AddAsync(storage, history, from);

        // The watch takes it up, and it is published before it signs.
        while ((await PublishedAsync("verify_keys")).Count < 2)
            _clock.Advance(SigningKeyWatch.Period);
        _clock.Advance(s_lead);
        return key!.KeyId;
    }

    private async Task<JsonObject> PublishedAsync(string kind) =>
        (await _two.AskAsync(_one, HttpMethod.Get, "/_matrix/key/v2/server")).Ok()[kind]!.AsObject();

    private static async Task SeesAsync(TestClient user, string room, string eventId)
    {
        while ((await user.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/event/{Uri.EscapeDataString(eventId)}")).Status != 200)
            (await user.GetAsync("v3/sync?timeout=0")).Ok();
    }

    public async ValueTask DisposeAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        await _three.DisposeAsync();
    }
}
