using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>
/// What a client that loads all members holds for the state of a room, by what its syncs told one after the other. It asks for the state after the timeline
/// (C-S API, use_state_after): where branches of the history meet, the events of a timeline do not say which of them the state keeps.
/// </summary>
internal sealed class SyncedRoom(string roomId)
{
    private readonly Dictionary<string, string> _state = new(StringComparer.Ordinal);

    /// <summary>The token of the last sync; null before the first.</summary>
    public string? Since { get; private set; }

    /// <summary>Type, state key and event id of each event of the state.</summary>
    public IEnumerable<string> State => _state.Select(e => $"{e.Key} {e.Value}");

    /// <summary>Syncs once.</summary>
    public async Task<Answer> SyncAsync(TestClient user) => Take(await user.GetAsync(Path(timeout: 0))).Answer;

    /// <summary>Syncs until an event is told.</summary>
    public async Task SyncUntilAsync(TestClient user, string eventId)
    {
        const int MaxSyncs = 30;
        for (var i = 0; i < MaxSyncs; i++)
        {
            if (Take(await user.GetAsync(Path(timeout: 2000))).Events.Contains(eventId))
                return;
        }

        Assert.Fail($"{eventId} is not told");
    }

    private (Answer Answer, IReadOnlyCollection<string> Events) Take(Answer answer)
    {
        var sync = answer.Ok();
        Since = sync["next_batch"]!.GetValue<string>();
        if ((sync["rooms"]?["join"]?[roomId] ?? sync["rooms"]?["leave"]?[roomId]) is not { } room)
            return (answer, []);
        foreach (var told in room["state_after"]!["events"]!.AsArray())
            _state[$"{told!["type"]} {told["state_key"]}"] = told["event_id"]!.GetValue<string>();
        return (answer, [.. room["timeline"]!["events"]!.AsArray().Select(e => e!["event_id"]!.GetValue<string>())]);
    }

    private string Path(int timeout) => $"v3/sync?use_state_after=true&timeout={timeout}{(Since is null ? "" : "&since=" + Since)}";
}
