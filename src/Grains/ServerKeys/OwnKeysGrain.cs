using System.Collections.Immutable;
using System.Text;
using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Room;
using Keys = OrleansMatrix.Protocol.Signing.ServerKeys;

namespace OrleansMatrix.Grains.ServerKeys;

/// <inheritdoc cref="IOwnKeysGrain"/>
[StatelessWorker, Reentrant]
[GrainType("ownkeys")]
public sealed class OwnKeysGrain(RoomServices services) : Grain, IOwnKeysGrain
{
    // Others refresh the keys about half-way.
    private static readonly TimeSpan s_validity = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>> Publish() => Task.FromResult(Build());

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> Vouch(ImmutableArray<KeysWanted> wanted)
    {
        var self = services.Server;
        var found = await Task.WhenAll(wanted.Where(w => w.Server != self.Name.Value)
            .Select(w => GrainFactory.GetGrain<IServerKeysGrain>(w.Server).Published(w.KeyId, w.ValidUntil)));
        var lists = found.Where(static keys => !keys.IsEmpty).DistinctBy(static keys => Encoding.UTF8.GetString(keys.Span), StringComparer.Ordinal).ToList();
        if (wanted.Any(w => w.Server == self.Name.Value))
            lists.Add(Build());
        return Keys.BuildNotaryResponse(lists, self.Name, self.Key);
    }

    /// <inheritdoc/>
    public Task<string?> PolicyKey() => Task.FromResult(services.PolicyServer?.VerifyKey.ToBase64());

    private ReadOnlyMemory<byte> Build() =>
        Keys.Build(
            services.Server.Name, services.Server.KeysInUse, services.Server.OldKeys, (services.Time.GetUtcNow() + s_validity).ToUnixTimeMilliseconds());
}
