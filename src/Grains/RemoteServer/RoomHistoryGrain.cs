using System.Globalization;
using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <inheritdoc cref="IRoomHistoryGrain"/>
[Reentrant]
[GrainType("roomhistory")]
public sealed class RoomHistoryGrain(RemoteServerServices services) : Grain, IRoomHistoryGrain
{
    /// <summary>Servers of the room that are asked, those with most members first.</summary>
    private const int MaxServers = 4;
    private const int MaxServersForTime = 2;
    private const int MaxRemembered = 1000;

    /// <summary>How long what nobody could give is not asked for again.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromMinutes(1);

    /// <summary>As long if a server did not answer, which may be over at once.</summary>
    private static readonly TimeSpan s_restAfterFailure = TimeSpan.FromSeconds(2);

    /// <summary>How long a client's request waits.</summary>
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(12);

    private readonly Dictionary<string, Task<bool>> _running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _resting = new(StringComparer.Ordinal);

    private string RoomId => this.GetPrimaryKeyString();

    public Task<GapFill> Fill(long anchor) => OnceAsync(
        anchor.ToString(CultureInfo.InvariantCulture), source => new GapFiller(services, source, RoomId).RunAsync(anchor));

    public async Task<bool> Fetch(string eventId) =>
        await HasGapAsync() &&
            await OnceAsync(eventId, source => GapFiller.FetchAsync(source, eventId)) == GapFill.Progress;

    public async Task<string?> NearestTo(long timestamp, bool backward)
    {
        if (!await HasGapAsync())
            return null;
        foreach (var server in (await ServersAsync()).Take(MaxServersForTime))
        {
            if (await new RoomSource(services, GrainFactory, server, RoomId).NearestToAsync(timestamp, backward) is { } eventId)
                return eventId;
        }

        return null;
    }

    private async Task<bool> HasGapAsync() =>
        await services.Storage.Events.FindGapAsync(RoomId, HistoryOrder.Start, HistoryOrder.End, Direction.Backward) is not null;

    /// <summary>Asks one server after the other, once for all who want the same.</summary>
    private async Task<GapFill> OnceAsync(string key, Func<RoomSource, Task<bool>> ask)
    {
        if (_resting.TryGetValue(key, out var until) && services.Now < until)
            return GapFill.Failed;
        if (!_running.TryGetValue(key, out var running))
            _running[key] = running = AskAsync(key, ask);
        try
        {
            return await running.WaitAsync(s_wait, services.Time) ? GapFill.Progress : GapFill.Failed;
        }
        catch (TimeoutException)
        {
            return GapFill.Pending;
        }
    }

    private async Task<bool> AskAsync(string key, Func<RoomSource, Task<bool>> ask)
    {
        // So that the task is known before it ends.
        await Task.Yield();
        try
        {
            var servers = await ServersAsync();
            var hasFailed = false;
            foreach (var server in servers)
            {
                var source = new RoomSource(services, GrainFactory, server, RoomId);
                if (await ask(source))
                    return true;
                hasFailed |= source.HasFailed;
            }

            // While this server is not in the room nobody is asked; once it is, somebody may know.
            if (servers.Count == 0)
                return false;
            if (_resting.Count >= MaxRemembered)
                _resting.Clear();
            _resting[key] = services.Now + (long)(hasFailed ? s_restAfterFailure : s_rest).TotalMilliseconds;
            return false;
        }
        finally
        {
            _running.Remove(key);
        }
    }

    /// <summary>None if this server is not in the room: then nobody would tell it anything.</summary>
    private async Task<IReadOnlyList<string>> ServersAsync()
    {
        var servers = (await services.Storage.Memberships.ServersAsync(RoomId)).Select(s => s.Server).ToList();
        return servers.Remove(services.Server.Name.Value) ? [.. servers.Take(MaxServers)] : [];
    }
}
