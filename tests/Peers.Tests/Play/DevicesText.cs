using System.Text.Json.Nodes;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>What servers tell of a user's keys, in a form that can be compared.</summary>
internal static class DevicesText
{
    public static string Of(IEnumerable<KeyValuePair<string, JsonNode?>> devices, JsonNode? master)
    {
        var keys = devices.OrderBy(static d => d.Key, StringComparer.Ordinal).Select(static d => $"{d.Key}: {d.Value?["keys"]?[$"curve25519:{d.Key}"]}");
        return $"{string.Join(", ", keys)}; master {(master?["keys"] as JsonObject)?.FirstOrDefault().Key}";
    }
}
