using OrleansMatrix.Protocol.Push;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>
/// What anybody can make this server keep, and how much of it: plenty for people, and little enough that nobody can fill it for others (ADR 0117). What has no
/// row here is bounded by the rate of requests alone.
/// </summary>
public static class Budgets
{
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;

    /// <summary>Content of one type, global or of a room. Each initial sync has all of it.</summary>
    public static readonly Budget AccountData = new("account data", "user", 64 * KiB, 20_000, 10 * MiB, BytesSetting: "AccountDataBytes");

    /// <summary>Equal filters are one.</summary>
    public static readonly Budget Filters = new("filters", "user", 64 * KiB, 1000, 4 * MiB);

    /// <summary>Of one room.</summary>
    public static readonly Budget Tags = new("tags", "user and room", 4 * KiB, 100);

    /// <summary>Rules of the user's own; they are read for each event that may notify the user.</summary>
    public static readonly Budget PushRules = new("push rules", "user", 16 * KiB, PushRuleEdits.MaxOwnRules, 256 * KiB);

    public static readonly Budget Pushers = new("pushers", "user", 64 * KiB, 100);

    /// <summary>The device that was not seen for longest is logged out.</summary>
    public static readonly Budget Devices = new("devices", "user", MaxCount: 200, OldestGoes: true, CountSetting: "Devices");

    /// <summary>Olm keeps no more than a hundred that can be claimed.</summary>
    public static readonly Budget OneTimeKeys = new("one-time keys", "device and algorithm", 8 * KiB, 100);

    /// <summary>Messages that wait for a device.</summary>
    public static readonly Budget ToDevice = new("to-device messages", "device", 64 * KiB, MaxBytes: 64 * MiB, OldestGoes: true, BytesSetting: "ToDeviceBytes");

    /// <summary>Each initial sync of each member has all of them. A user of another server has no more.</summary>
    public static readonly Budget ThreadReceipts = new("receipts in threads", "user and room", MaxCount: 500, OldestGoes: true);

    public static readonly Budget AliasesOfUser = new("aliases", "user", MaxCount: 50, CountSetting: "AliasesOfUser");

    public static readonly Budget AliasesOfRoom = new("aliases", "room", MaxCount: 50, CountSetting: "AliasesOfRoom");

    /// <summary>Versions of the key backup that were not deleted.</summary>
    public static readonly Budget Backups = new("versions of the key backup", "user", 64 * KiB, 100);

    /// <summary>Of all versions together.</summary>
    public static readonly Budget BackedUpKeys = new("keys in backups", "user", 16 * KiB, 200_000, CountSetting: "BackedUpKeys");

    /// <summary>All of them, as they are where no setting says otherwise (<see cref="MatrixSettings.BudgetOf"/>).</summary>
    public static IReadOnlyList<Budget> All { get; } =
        [AccountData, Filters, Tags, PushRules, Pushers, Devices, OneTimeKeys, ToDevice, ThreadReceipts, AliasesOfUser, AliasesOfRoom, Backups, BackedUpKeys];
}
