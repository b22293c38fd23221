using System.Text;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>A valid request of another server, in which can be lied.</summary>
/// <param name="Path">What stands in the path for each name.</param>
/// <param name="Query">The query.</param>
/// <param name="Event">The event that is sent, which can be signed again after a lie in it; null for none.</param>
/// <param name="Body">Makes the body of the event; null for none.</param>
internal sealed record SentRequest(
    IReadOnlyDictionary<string, string> Path, IReadOnlyDictionary<string, string> Query, string? Event = null, Func<string, string>? Body = null)
{
    // What nobody is called.
    private static readonly string[] s_texts = ["", "\0", "..", "@a", "!x:y", "$x", "\ud83d\ude00", "-1", "99999999999999999999", new('y', 300), "%2F", "x/y"];

    /// <summary>The honest body.</summary>
    public string? Honest => Body?.Invoke(Event ?? "");

    /// <summary>The target with everything in its place.</summary>
    public string Target(string route)
    {
        var path = string.Join('/', route.Split('/').Select(s => s.StartsWith('{') ? Uri.EscapeDataString(Path[s.Trim('{', '}')]) : s));
        return Query.Count == 0 ? path : $"{path}?{string.Join('&', Query.Select(q => $"{q.Key}={Uri.EscapeDataString(q.Value)}"))}";
    }

    /// <summary>How many lies there are in path, query, body and event.</summary>
    public int Count => ((Path.Count + Query.Count) * s_texts.Length) + CountIn(Honest) + CountIn(Event);

    /// <summary>The lie of that number: target and body.</summary>
    public (string Target, string? Body) Tell(string route, int number, HostileScene scene, RoomVersion version)
    {
        var texts = (Path.Count + Query.Count) * s_texts.Length;
        if (number < texts)
        {
            var (at, text) = (number / s_texts.Length, s_texts[number % s_texts.Length]);
            return at < Path.Count ? ((this with { Path = With(Path, at, text) }).Target(route), Honest)
                : ((this with { Query = With(Query, at - Path.Count, text) }).Target(route), Honest);
        }

        var inBody = Lies.CountIn(Honest!);
        if (number < texts + inBody)
            return (Target(route), Lies.Tell(Honest!, number - texts));
        var (json, id) = SignAgain(Lies.Tell(Event!, number - texts - inBody), scene, version);
        var path = Path.ContainsKey("eventId") && id is not null ? new Dictionary<string, string>(Path) { ["eventId"] = id } : Path;
        return ((this with { Path = path }).Target(route), Body!(json));
    }

    private static int CountIn(string? json) => json is null ? 0 : Lies.CountIn(json);

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string> values, int at, string text) =>
        new(values) { [values.ElementAt(at).Key] = text };

    /// <summary>The event with the hash and signature of the lying server, if it is one.</summary>
    private static (string Json, string? Id) SignAgain(string json, HostileScene scene, RoomVersion version)
    {
        if (!Pdu.Parse(Encoding.UTF8.GetBytes(json), version).TryGet(out var pdu, out _))
            return (json, null);
        var hashed = json.Replace(pdu.ContentHash, EventHashes.ComputeContentHash(pdu), StringComparison.Ordinal);
        if (!Pdu.Parse(Encoding.UTF8.GetBytes(hashed), version).TryGet(out pdu, out _))
            return (json, null);
        var signed = EventSignatures.Sign(pdu, scene.Peer.Peer.Name, scene.Peer.Peer.Key);
        return (Encoding.UTF8.GetString(signed.Json.Span), signed.EventId);
    }
}
