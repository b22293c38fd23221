using OrleansMatrix.Fuzz.Tests;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>What a device is told by one <c>/sync</c> after the other.</summary>
internal sealed class SyncReader(FuzzClient client)
{
    private const string Filter = "%7B%22room%22%3A%7B%22timeline%22%3A%7B%22limit%22%3A200%7D%7D%7D";
    private string? _since;

    /// <summary>Messages to the device.</summary>
    public List<(string Sender, string Number)> Arrived { get; } = [];

    /// <summary>The events of timelines, in order.</summary>
    public List<string> Events { get; } = [];

    public async Task NextAsync()
    {
        var sync = (await client.AskAsync("GET", $"v3/sync?timeout=0&filter={Filter}{(_since is null ? "" : "&since=" + _since)}")).Ok();
        _since = sync["next_batch"]!.GetValue<string>();
        foreach (var message in sync["to_device"]?["events"]?.AsArray() ?? [])
            Arrived.Add((message!["sender"]!.GetValue<string>(), message["content"]!["n"]?.ToString() ?? ""));
        foreach (var (_, room) in sync["rooms"]?["join"]?.AsObject() ?? [])
            Events.AddRange(room!["timeline"]!["events"]!.AsArray().Select(static e => e!["event_id"]!.GetValue<string>()));
    }
}
