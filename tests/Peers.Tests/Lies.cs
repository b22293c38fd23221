using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Peers.Tests;

/// <summary>
/// What a lying server answers. What the history of a room is made of fails or cannot be read: a lie that could be true, such as that it does not have an event,
/// is believed of a server that is in the room, and then no two servers need agree. All else is spoilt.
/// </summary>
internal static class Lies
{
    private static readonly string[] s_ofHistory = ["send_join", "state", "state_ids", "event_auth", "get_missing_events", "backfill", "event"];
    private static readonly string[] s_texts = ["", "[", "null", "[]", "\"\"", "<html>"];

    public static Answer Instead(Answer honest, string line, Func<int, int> draw)
    {
        if (draw(2) == 0 || line.EndsWith("/key/v2/server", StringComparison.Ordinal) || honest.Write is not null)
            return honest;
        var isOfHistory = s_ofHistory.Contains(line.Split('/').ElementAtOrDefault(4));
        if (draw(4) == 0)
            return new Answer(isOfHistory ? 500 + draw(100) : 400 + draw(200), s_texts[draw(s_texts.Length)]);
        return isOfHistory || !honest.IsJson ? honest with { Text = honest.Text[..draw(honest.Text.Length)] }
            : honest with { Text = HostileJson.Spoil(honest.Text, new Random(draw(int.MaxValue))) };
    }
}
