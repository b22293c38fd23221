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
            var left = timeout - services.Time.GetElapsedTime(started);
            var isLast = since.Position == 0 || request.FullState || left <= TimeSpan.Zero || cancellationToken.IsCancellationRequested;
            using (var memory = services.Read.Answers.Open(user.UserId))
            {
                var scope = new SyncScope(user, request, filter, since, rooms, lazyMembers, memory);
                if (await BuildAsync(scope, isLast, cancellationToken) is { } answer)
                    return answer;
            }

            GrainMetrics.SyncWaits(1);
            try
            {
                await user.Watcher.WaitAsync(rooms.Position, left, services.Time, cancellationToken);
            }
            finally
            {
                GrainMetrics.SyncWaits(-1);
            }
        }
    }

    /// <summary>The answer, if it tells something or has to be given.</summary>
    private static async ValueTask<ReadOnlyMemory<byte>?> BuildAsync(SyncScope scope, bool isLast, CancellationToken cancellationToken)
    {
        using var json = new PooledJson();
        if (!await new SyncBuilder(scope, cancellationToken).WriteAsync(json.Writer) && !isLast)
            return null;
        return new ReadOnlyMemory<byte>(json.ToArray());
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
