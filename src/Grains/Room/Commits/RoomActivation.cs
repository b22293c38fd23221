using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>One loading of a room: its fence, its memory and its turn. Once lost it is never used again.</summary>
internal sealed class RoomActivation(RoomServices services, string roomId, Fence fence, ActiveRoom? room, bool askForTransactions)
{
    private readonly RoomTurn _turn = new();

    // An answer about what is in memory waits for the commits that put it there.
    private Task _lastCommit = Task.CompletedTask;

    public RoomServices Services => services;
    public string RoomId => roomId;

    /// <summary>The room; null while this server does not have it.</summary>
    public ActiveRoom? Room { get; private set; } = room;

    public TransactionLog Transactions { get; } = new(services.Storage.Events, askForTransactions);

    /// <summary>True once the memory may differ from what storage will say.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Takes the fence, then reads the room: from here on only this activation can change what was read.</summary>
    /// <param name="askForTransactions">A transaction was repeated that memory did not know: ask storage from now on.</param>
    public static async Task<RoomActivation> OpenAsync(RoomServices services, string roomId, bool askForTransactions = false)
    {
        // A room that is not here is not worth a row: anybody can ask for any id.
        var owner = "room:" + roomId;
        var fence = await services.Storage.OpenFenceAsync(owner);
        if (await services.Storage.Rooms.GetAsync(roomId) is null)
            return new RoomActivation(services, roomId, fence, null, askForTransactions);
        fence = await services.Storage.AcquireFenceAsync(owner);
        return new RoomActivation(services, roomId, fence, await RoomLoader.LoadAsync(services, roomId), askForTransactions);
    }

    /// <summary>
    /// Runs a change in the room's turn and waits, after the turn, until it is durable. The change answers an error before it touches the unit, or it
    /// loses the activation. M_NOT_FOUND if the room is not here.
    /// </summary>
    public async Task<Outcome<T>> ChangeAsync<T>(Func<ActiveRoom, RoomUnit, ValueTask<Outcome<T>>> change)
    {
        Outcome<T> outcome;
        Task commit;
        using (await _turn.EnterAsync())
        {
            ThrowIfLost();
            if (Room is null)
                return MatrixError.NotFound("Unknown room");
            try
            {
                var unit = new RoomUnit(Room, fence);
                outcome = await change(Room, unit);
                if (!outcome.Ok)
                {
                    // What was put in before the error is in memory, and in no commit.
                    IsLost = !unit.IsUntouched;
                    return outcome;
                }

                commit = Commit(unit);
            }
            catch
            {
                IsLost = true;
                throw;
            }
        }

        await DurableAsync(commit);
        return outcome;
    }

    /// <summary>Makes the room that is not there yet. 409 if it is.</summary>
    public async Task<Outcome<T>> CreateAsync<T>(Func<ActiveRoom> make, Func<ActiveRoom, RoomUnit, ValueTask<Outcome<T>>> fill)
    {
        Outcome<T> outcome;
        Task commit;
        using (await _turn.EnterAsync())
        {
            ThrowIfLost();
            if (Room is not null)
                return MatrixError.Unknown("The room exists", 409);
            try
            {
                var created = make();
                var unit = new RoomUnit(created, fence);
                outcome = await fill(created, unit);
                if (!outcome.Ok)
                    return outcome;
                commit = Commit(unit);
                Room = created;
            }
            catch
            {
                IsLost = true;
                throw;
            }
        }

        await DurableAsync(commit);
        return outcome;
    }

    /// <summary>Reads in the room's turn.</summary>
    public async Task<T> ReadAsync<T>(Func<ActiveRoom?, ValueTask<T>> read)
    {
        using var turn = await _turn.EnterAsync();
        ThrowIfLost();
        try
        {
            return await read(Room);
        }
        catch
        {
            IsLost = true;
            throw;
        }
    }

    /// <summary>Waits, within a change, until storage holds what earlier changes wrote.</summary>
    public Task WaitForCommitsAsync() => _lastCommit;

    /// <summary>Commits rows beside the room's events, in order with them.</summary>
    public async Task WriteAsync(Action<WriteUnit> write)
    {
        ThrowIfLost();
        var unit = new WriteUnit(fence);
        write(unit);
        await DurableAsync(services.Storage.CommitAsync(unit));
    }

    private Task Commit(RoomUnit unit) => _lastCommit = unit.IsUntouched ? _lastCommit : unit.CommitAsync();

    private async Task DurableAsync(Task commit)
    {
        try
        {
            await commit;
        }
        catch
        {
            IsLost = true;
            throw;
        }
    }

    private void ThrowIfLost()
    {
        if (IsLost)
            throw new RoomLostException(roomId);
    }
}
