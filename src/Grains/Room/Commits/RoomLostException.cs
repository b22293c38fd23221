namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>The memory of the room that a call worked with is out of date: a commit before it failed. The call is safe to repeat.</summary>
internal sealed class RoomLostException(string roomId) : TimeoutException($"the memory of {roomId} is out of date");
