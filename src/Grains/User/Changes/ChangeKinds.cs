using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Changes;

/// <summary>A set of <see cref="ChangeKind"/>: bit n stands for the kind with value n.</summary>
[Flags]
public enum ChangeKinds
{
    None = 0,
    RoomEvent = 1 << ChangeKind.RoomEvent,
    Receipt = 1 << ChangeKind.Receipt,
    Membership = 1 << ChangeKind.Membership,
    AccountData = 1 << ChangeKind.AccountData,
    ToDevice = 1 << ChangeKind.ToDevice,
    DeviceList = 1 << ChangeKind.DeviceList,
    Presence = 1 << ChangeKind.Presence,
    KeyCounts = 1 << ChangeKind.KeyCounts,
    Typing = 1 << ChangeKind.Typing,
    Erasure = 1 << ChangeKind.Erasure,
    Pushers = 1 << ChangeKind.Pushers,
}
