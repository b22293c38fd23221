using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>What a new user's account consists of.</summary>
public static class AccountCreation
{
    /// <summary>Buffers a user made by an administrator; the commit fails with <see cref="ConflictException"/> if the id is taken.</summary>
    public static void Write(IStorage storage, WriteUnit unit, UserId user, string passwordHash, bool isAdmin, TimeProvider time)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        storage.Accounts.Create(unit, new AccountRow(user.Value, passwordHash, isAdmin, false, false, false, false, null, now));
        storage.Accounts.PutProfileField(unit, user.Value, ProfileRules.DisplayName, JsonBytes.StringValue(user.Localpart.ToString()));
    }
}
