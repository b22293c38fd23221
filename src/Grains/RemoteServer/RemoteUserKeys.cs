using OrleansMatrix.Grains.Device;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Other servers' users' keys (S-S API, End-to-End Encryption).</summary>
internal sealed class RemoteUserKeys(RemoteApi api) : IRemoteUserKeys
{
    public Task<Outcome<ReadOnlyMemory<byte>>> QueryAsync(string server, ReadOnlyMemory<byte> body, TimeSpan timeout) =>
        PostAsync(server, "query", body, timeout);

    public Task<Outcome<ReadOnlyMemory<byte>>> ClaimAsync(string server, ReadOnlyMemory<byte> body, TimeSpan timeout) =>
        PostAsync(server, "claim", body, timeout);

    private async Task<Outcome<ReadOnlyMemory<byte>>> PostAsync(string server, string what, ReadOnlyMemory<byte> body, TimeSpan timeout)
    {
        var answer = await api.SendAsync(server, HttpMethod.Post, "/_matrix/federation/v1/user/keys/" + what, body, timeout);
        return answer.TryGet(out var json, out var error) ? json : error;
    }
}
