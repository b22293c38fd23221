using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Device;

/// <summary>What keys/query and keys/claim have in common where they ask other servers.</summary>
internal static class RemoteRequests
{
    private static readonly TimeSpan s_default = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(20);

    /// <summary>The error where <c>timeout</c> is no number of milliseconds.</summary>
    public static MatrixError? CheckTimeout(JsonElement body) => OptionalMembers.Counts(body, "timeout");

    /// <summary>The request's <c>timeout</c> in milliseconds; 10 seconds by default, 20 at most so that the caller's own call is answered in time.</summary>
    public static TimeSpan TimeoutOf(JsonElement body)
    {
        if (!body.TryGetProperty("timeout"u8, out var timeout) || !JsonBytes.TryGetInteger(timeout, out var milliseconds) || milliseconds <= 0)
            return s_default;
        return milliseconds < s_longest.TotalMilliseconds ? TimeSpan.FromMilliseconds(milliseconds) : s_longest;
    }

    /// <summary>Files a user's part of a request under the user's server.</summary>
    public static void Add(Dictionary<string, List<JsonProperty>> byServer, UserId userId, JsonProperty user)
    {
        var server = userId.Domain.ToString();
        if (!byServer.TryGetValue(server, out var users))
            byServer[server] = users = [];
        users.Add(user);
    }

    /// <summary>The part of a request that concerns one server's users.</summary>
    public static ReadOnlyMemory<byte> Body(string member, IEnumerable<JsonProperty> users) => JsonBytes.Object(w =>
    {
        w.WriteStartObject(member);
        foreach (var user in users)
            user.WriteTo(w);
        w.WriteEndObject();
    });
}
