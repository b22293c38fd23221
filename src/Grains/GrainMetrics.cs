using System.Diagnostics.Metrics;
using OrleansMatrix.Grains.Abstractions.Room.Federation;

namespace OrleansMatrix.Grains;

/// <summary>
/// What the grains of this process have done, for whoever listens to the meter <see cref="MeterName"/>. Without a listener an instrument costs a comparison.
/// </summary>
public static class GrainMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "OrleansMatrix.Grains";

    private static readonly KeyValuePair<string, object?> s_hit = new("result", "hit");
    private static readonly KeyValuePair<string, object?> s_miss = new("result", "miss");
    private static readonly Meter s_meter = new(MeterName);
    private static readonly Counter<long> s_sent =
        s_meter.CreateCounter<long>("matrix.room.events.sent", "{event}", "Events that local users sent and that were allowed.");
    private static readonly Counter<long> s_received =
        s_meter.CreateCounter<long>("matrix.room.events.received", "{event}", "Events of other servers, by verdict.");
    private static readonly UpDownCounter<long> s_syncs =
        s_meter.CreateUpDownCounter<long>("matrix.sync.waiting", "{request}", "Syncs that wait for something to tell.");
    private static readonly Counter<long> s_transactions =
        s_meter.CreateCounter<long>("matrix.federation.transactions.sent", "{transaction}", "Transactions for other servers, by outcome.");
    private static readonly Counter<long> s_fills = s_meter.CreateCounter<long>(
        "matrix.room.partial.tries", "{try}", "Times that servers were asked for the members of a room that was joined without them, by outcome.");
    private static readonly Counter<long> s_nodes = s_meter.CreateCounter<long>(
        "matrix.cache.state_nodes.lookups", "{lookup}", "State nodes that were looked for in the cache, by whether they were there.");

    internal static void Sent() => s_sent.Add(1);

    internal static void Received(PduVerdict verdict)
    {
        if (s_received.Enabled)
            s_received.Add(1, new KeyValuePair<string, object?>("verdict", verdict.ToString()));
    }

    internal static void SyncWaits(int change) => s_syncs.Add(change);

    internal static void Transaction(bool taken) => s_transactions.Add(1, new KeyValuePair<string, object?>("outcome", taken ? "taken" : "failed"));

    internal static void FillTried(bool isWhole) => s_fills.Add(1, new KeyValuePair<string, object?>("outcome", isWhole ? "whole" : "failed"));

    internal static void StateNode(bool hit) => s_nodes.Add(1, hit ? s_hit : s_miss);
}
