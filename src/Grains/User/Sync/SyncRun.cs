using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>Answers <c>/sync</c>: evaluates, and if there is nothing to tell waits for the change hub and evaluates again.</summary>
internal static class SyncRun
{
    private static readonly TimeSpan s_maxWait = TimeSpan.FromMinutes(5);

    public static async Task<Outcome<ReadOnlyMemory<byte>>> RunAsync(UserState user, SyncRequest request, CancellationToken cancellationToken)
    {
        if (!SyncToken.Parse(request.Since).TryGet(out var since, out var error) ||
            !(await ReadFilterAsync(user, request.Filter, cancellationToken)).TryGet(out var filter, out error))
            return error;
        var services = user.Services;
        await services.CatchUpAsync(cancellationToken);
        if (since.Position > services.Hub.Feed.Current)
            return MatrixError.InvalidParam("The sync token is of a time to come");
        await user.Devices.AcknowledgeAsync(request.Requester.DeviceId, since.ToDevice);

        var started = services.Time.GetTimestamp();
        var timeout = TimeSpan.FromMilliseconds(Math.Clamp(request.TimeoutMs, 0, (long)s_maxWait.TotalMilliseconds));
        var lazyMembers = user.LazyMembersOf(request.Requester.DeviceId, request.Filter ?? "");
        while (true)
        {
            var rooms = await user.Memberships.RefreshAsync(cancellationToken);
            await user.Settings.RefreshAsync(cancellationToken);
            using var json = new PooledJson();
            var scope = new SyncScope(user, request, filter, since, rooms, lazyMembers);
            var told = await new SyncBuilder(scope, cancellationToken).WriteAsync(json.Writer);
            var left = timeout - services.Time.GetElapsedTime(started);
            if (told || scope.IsInitial || request.FullState || left <= TimeSpan.Zero || cancellationToken.IsCancellationRequested)
                return new ReadOnlyMemory<byte>(json.ToArray());
            GrainMetrics.SyncWaits(1);
            try
            {
                await user.Watcher.WaitAsync(scope.UpTo, left, services.Time, cancellationToken);
            }
            finally
            {
                GrainMetrics.SyncWaits(-1);
            }
        }
    }

    /// <summary>
    /// A filter by its id or given inline: "The server will detect whether it is an ID or a JSON object by whether the first character is a "{"".
    /// </summary>
    private static async ValueTask<Outcome<SyncFilter>> ReadFilterAsync(UserState user, string? filter, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(filter))
            return SyncFilter.None;
        if (filter[0] == '{')
            return SyncFilter.Parse(System.Text.Encoding.UTF8.GetBytes(filter));
        return await user.FilterAsync(filter, cancellationToken) is { } stored ? stored : MatrixError.InvalidParam("No such filter");
    }
}
