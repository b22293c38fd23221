using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>An account's profile (C-S API, Profiles), and the rooms that show it.</summary>
/// <param name="changes">Buffers what changes.</param>
/// <param name="rooms">Shows the name and the picture.</param>
/// <param name="commitAsync">Commits as the account.</param>
internal sealed class AccountProfile(AccountChanges changes, AccountRooms rooms, Func<Action<WriteUnit>, Task> commitAsync)
{
    /// <summary>All fields as an object; M_NOT_FOUND without such a user.</summary>
    public static Outcome<ReadOnlyMemory<byte>> Get(AccountState? account) =>
        account is { Row.Deactivated: false } ? AccountJson.Profile(account.Profile) : MatrixError.NotFound("No such user");

    /// <summary>An object of the one field; M_NOT_FOUND.</summary>
    public static Outcome<ReadOnlyMemory<byte>> GetField(AccountState? account, string key) =>
        account is { Row.Deactivated: false } && account.Profile.TryGetValue(key, out var value)
            ? AccountJson.Profile([KeyValuePair.Create(key, value)])
            : MatrixError.NotFound("No such profile field");

    /// <summary>Sets a field, or with null removes it; what <see cref="ProfileRules"/> says of a wrong one.</summary>
    public async Task<Outcome<Nothing>> SetFieldAsync(AccountState account, string key, ReadOnlyMemory<byte>? valueJson)
    {
        if (ProfileRules.Check(account.Profile, key, valueJson) is { } error)
            return error;
        var unchanged = account.Profile.TryGetValue(key, out var old) ? valueJson is { } value && old.Span.SequenceEqual(value.Span) : valueJson is null;
        if (!unchanged)
            await commitAsync(unit => changes.SetField(unit, account, key, valueJson));

        // Also if nothing changed: then it may be the repetition of a call that failed half-way.
        if (key is ProfileRules.DisplayName or ProfileRules.AvatarUrl)
            await rooms.UpdateProfileAsync(
                JsonBytes.StringField(account.Profile, ProfileRules.DisplayName), JsonBytes.StringField(account.Profile, ProfileRules.AvatarUrl));
        return Nothing.Value;
    }
}
