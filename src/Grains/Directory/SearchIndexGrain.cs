using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Directory.Searching;
using OrleansMatrix.Protocol;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <inheritdoc cref="ISearchIndexGrain"/>
/// <remarks>
/// It looks at all rooms again and again, and does a little at a time, so that chat does not wait for it. What a search would not find yet is brought in at the
/// search's own call.
/// </remarks>
[GrainType("searchindex")]
public sealed class SearchIndexGrain(IStorage storage, IRandom random, ILogger<SearchIndexGrain> logger) : Grain, ISearchIndexGrain
{
    /// <summary>Rooms that are incomplete are read in pages.</summary>
    private const int RoomsAtOnce = 100;

    /// <summary>Most of the cost of a call.</summary>
    private const int MaxCallCost = 50 * RoomIndexing.MaxStepCost;

    /// <summary>Between steps: some 1,000 short messages a second.</summary>
    private static readonly TimeSpan s_betweenSteps = TimeSpan.FromMilliseconds(25);

    private static readonly TimeSpan s_betweenLooks = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_afterFault = TimeSpan.FromSeconds(1);

    private readonly RoomIndexing _indexing = new(storage, random);
    private readonly Queue<string> _rooms = new();
    private string _after = "";
    private IGrainTimer? _timer;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _timer = this.RegisterGrainTimer(
            ContinueAsync, new GrainTimerCreationOptions { DueTime = s_betweenSteps, Period = s_betweenSteps, KeepAlive = true });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Wake() => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task CatchUp(ImmutableArray<string> roomIds, CancellationToken cancellationToken = default)
    {
        var cost = await CatchUpAsync(roomIds, isNewOnly: true, MaxCallCost, cancellationToken);
        await CatchUpAsync(roomIds, isNewOnly: false, MaxCallCost - cost, cancellationToken);
    }

    private async Task<int> CatchUpAsync(ImmutableArray<string> roomIds, bool isNewOnly, int maxCost, CancellationToken cancellationToken)
    {
        var cost = 0;
        foreach (var room in await storage.Search.RoomsAsync(roomIds, cancellationToken))
        {
            while (room.IsIncomplete && cost < maxCost && await _indexing.StepAsync(room.RoomId, isNewOnly) is > 0 and var step)
            {
                cost += step;
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        return cost;
    }

    private async Task ContinueAsync()
    {
        try
        {
            if (_rooms.Count == 0 && !await LookAsync())
                return;
            for (var cost = 0; cost < RoomIndexing.MaxStepCost && _rooms.TryPeek(out var roomId);)
            {
                // A room whose step fails is left out until the next look: others go on.
                _rooms.Dequeue();
                while (cost < RoomIndexing.MaxStepCost && await _indexing.StepAsync(roomId) is > 0 and var step)
                    cost += step;
                if (cost >= RoomIndexing.MaxStepCost)
                    _rooms.Enqueue(roomId);
            }
        }
        catch (Exception fault)
        {
            SearchLog.IndexingFailed(logger, fault);
            _timer!.Change(s_afterFault, s_betweenSteps);
        }
    }

    /// <summary>Finds the next rooms; if there are none, begins with the first ones after a while.</summary>
    private async Task<bool> LookAsync()
    {
        var found = await storage.Search.IncompleteAfterAsync(_after, RoomsAtOnce);
        foreach (var room in found)
            _rooms.Enqueue(room.RoomId);
        _after = found.Count == RoomsAtOnce ? found[^1].RoomId : "";
        if (found.Count == 0)
            _timer!.Change(s_betweenLooks, s_betweenSteps);
        return found.Count > 0;
    }
}
