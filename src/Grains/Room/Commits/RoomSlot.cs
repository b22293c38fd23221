using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>
/// Holds the room's present activation and runs calls on it. A call whose commit was refused, because another activation wrote or an earlier commit
/// failed, runs again on freshly read memory: nothing of its first run was written, so no send is lost and none doubled.
/// </summary>
/// <param name="services">What rooms need.</param>
/// <param name="roomId">The room.</param>
/// <param name="onStale">Called when another activation proved to own the room.</param>
/// <param name="onPartial">Called before each call while the room lacks members.</param>
internal sealed class RoomSlot(RoomServices services, string roomId, Action onStale, Action? onPartial = null)
{
    private const int Attempts = 5;
    private Task<RoomActivation>? _activation;
    private bool _hadConflict;

    public async Task<T> RunAsync<T>(Func<RoomActivation, Task<T>> call)
    {
        for (var attempt = 1; ; attempt++)
        {
            var opening = _activation ??= RoomActivation.OpenAsync(services, roomId, _hadConflict);
            RoomActivation activation;
            try
            {
                activation = await opening;
            }
            catch
            {
                Drop(opening);
                throw;
            }

            if (activation.Room?.Partial is not null)
                onPartial?.Invoke();
            try
            {
                return await call(activation);
            }
            catch (Exception e) when (activation.IsLost && attempt < Attempts && e is RoomLostException or StaleFenceException or ConflictException)
            {
                _hadConflict |= e is ConflictException;
                if (e is StaleFenceException)
                    onStale();
            }
            finally
            {
                if (activation.IsLost)
                    Drop(opening);
            }
        }
    }

    private void Drop(Task<RoomActivation> lost)
    {
        if (ReferenceEquals(_activation, lost))
            _activation = null;
    }
}
