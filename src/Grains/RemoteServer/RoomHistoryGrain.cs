using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.RemoteServer;

namespace OrleansMatrix.Grains.RemoteServer;

/// <inheritdoc cref="IRoomHistoryGrain"/>
[Reentrant]
public sealed class RoomHistoryGrain(RemoteServerServices services) : Grain, IRoomHistoryGrain
{
    /// <summary>Servers of the room that are asked, those with most members first.</summary>
    private const int MaxServers = 4;
    private const int MaxRemembered = 1000;

    /// <summary>How long a gap that nobody could fill is left alone.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromMinutes(1);

    /// <summary>How long a client's request waits.</summary>
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(12);

    private readonly Dictionary<long, Task<bool>> _filling = [];
    private readonly Dictionary<long, long> _resting = [];

    private string RoomId => this.GetPrimaryKeyString();

    public async Task<GapFill> Fill(long anchor)
    {
        if (_resting.TryGetValue(anchor, out var until) && services.Now < until)
            return GapFill.Failed;
        if (!_filling.TryGetValue(anchor, out var filling))
            _filling[anchor] = filling = FillAsync(anchor);
        try
        {
            return await filling.WaitAsync(s_wait, services.Time) ? GapFill.Progress : GapFill.Failed;
        }
        catch (TimeoutException)
        {
            return GapFill.Pending;
        }
    }

    private async Task<bool> FillAsync(long anchor)
    {
        // So that the task is known before it ends.
        await Task.Yield();
        try
        {
            foreach (var server in await ServersAsync())
            {
                if (await new GapFiller(services, new RoomSource(services, GrainFactory, server, RoomId), RoomId).RunAsync(anchor))
                    return true;
            }

            if (_resting.Count >= MaxRemembered)
                _resting.Clear();
            _resting[anchor] = services.Now + (long)s_rest.TotalMilliseconds;
            return false;
        }
        finally
        {
            _filling.Remove(anchor);
        }
    }

    /// <summary>None if this server is not in the room: then nobody would tell it anything.</summary>
    private async Task<IReadOnlyList<string>> ServersAsync()
    {
        var servers = (await services.Storage.Memberships.ServersAsync(RoomId)).Select(s => s.Server).ToList();
        return servers.Remove(services.Server.Name.Value) ? [.. servers.Take(MaxServers)] : [];
    }
}
