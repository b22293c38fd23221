using System.Security.Cryptography;
using System.Text;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.StateResolution;

/// <summary>The algorithm of room v1 written down word by word from the specification, with whole states.</summary>
internal static class SlowResolutionV1
{
    public static Dictionary<StateKey, string> Resolve(IReadOnlyList<Dictionary<StateKey, string>> states, IReadOnlyDictionary<string, SimEvent> events)
    {
        // "A conflict occurs between states where those states have different event_ids for the same (event_type, state_key)."
        var all = states.SelectMany(s => s).ToLookup(e => e.Key, e => e.Value);
        var conflicts = all.Where(g => g.Distinct().Count() > 1).ToDictionary(g => g.Key, g => g.Distinct().Select(id => events[id].Pdu).ToList());
        var r = all.Where(g => !conflicts.ContainsKey(g.Key)).ToDictionary(g => g.Key, g => g.First());

        foreach (var type in new[] { EventTypes.PowerLevels, EventTypes.JoinRules, EventTypes.Member })
        {
            var before = r.ToDictionary();
            foreach (var (key, list) in conflicts.Where(c => c.Key.Type == type))
            {
                var sorted = list.OrderBy(e => e.Depth).ThenByDescending(Sha1, StringComparer.Ordinal).ToList();
                var own = new Dictionary<StateKey, string>(before) { [key] = sorted[0].EventId };
                foreach (var e in sorted.Skip(1).TakeWhile(e => IsAllowed(e, own)))
                    own[key] = e.EventId;
                r[key] = own[key];
            }
        }

        var auth = r.ToDictionary();
        foreach (var (key, list) in conflicts.Where(c => !r.ContainsKey(c.Key)).ToList())
        {
            var sorted = list.OrderByDescending(e => e.Depth).ThenBy(Sha1, StringComparer.Ordinal).ToList();
            r[key] = (sorted.Find(e => IsAllowed(e, auth)) ?? sorted[^1]).EventId;
        }

        return r;

        bool IsAllowed(Pdu e, Dictionary<StateKey, string> state) =>
            AuthRules.Check(RoomVersion.V1, e, new AuthState(RoomVersion.V1, state.Values.Select(id => events[id].Pdu))).IsAllowed;
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "The algorithm orders by SHA-1.")]
    private static string Sha1(Pdu e) => Convert.ToHexString(SHA1.HashData(Encoding.UTF8.GetBytes(e.EventId)));
}
