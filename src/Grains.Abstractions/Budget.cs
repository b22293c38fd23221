using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>How much of one kind of thing one owner may have this server keep. All of them are in <see cref="Budgets"/>.</summary>
/// <param name="Name">What is kept, in the plural, as refusals name it.</param>
/// <param name="Owner">Whose it is; each has the whole budget.</param>
/// <param name="MaxItemBytes">The largest of them, in bytes of its JSON as it is kept.</param>
/// <param name="MaxCount">The most of them.</param>
/// <param name="MaxBytes">The most bytes of all of them together.</param>
/// <param name="OldestGoes">Of too many the oldest are dropped; false: the new one is refused.</param>
/// <param name="CountSetting">The setting of <paramref name="MaxCount"/> below <c>Matrix:Budgets</c>; null: there is none.</param>
/// <param name="BytesSetting">That of <paramref name="MaxBytes"/>.</param>
public sealed record Budget(
    string Name, string Owner, int MaxItemBytes = int.MaxValue, int MaxCount = int.MaxValue, long MaxBytes = long.MaxValue, bool OldestGoes = false,
    string? CountSetting = null, string? BytesSetting = null)
{
    /// <summary>413 M_TOO_LARGE if one of so many bytes is too large, else null.</summary>
    public MatrixError? CheckItem(long bytes) =>
        bytes > MaxItemBytes ? MatrixError.TooLarge($"There is room for {MaxItemBytes} bytes, and this has {bytes}: {Name}") : null;

    /// <summary>
    /// 403 M_USER_LIMIT_EXCEEDED (C-S API, Common error codes: "reached a maximum number of allowed rooms, devices, or other account-scoped resources") if so
    /// many are too many, or too many bytes, else null.
    /// </summary>
    public MatrixError? CheckAll(long count, long bytes = 0) =>
        count > MaxCount ? new MatrixError(ErrCodes.UserLimitExceeded, 403, $"There is room for {MaxCount} {Name} of a {Owner}")
        : bytes > MaxBytes ? new MatrixError(ErrCodes.UserLimitExceeded, 403, $"There is room for {MaxBytes} bytes of {Name} of a {Owner}")
        : null;
}
