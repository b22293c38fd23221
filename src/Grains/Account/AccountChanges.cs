using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>Changes of one account, each in memory and in its write unit at once.</summary>
internal sealed class AccountChanges(IStorage storage, MatrixSettings settings, TimeProvider time, string userId)
{
    private const long TouchEveryMs = 5 * 60 * 1000;

    /// <summary>Notes when and from where the device was seen, at most once in 5 minutes; once a minute if it moved.</summary>
    public void Touch(WriteUnit unit, AccountState state, string deviceId, string address, string userAgent)
    {
        if (!state.Devices.TryGetValue(deviceId, out var device))
            return;
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var age = now - (device.LastSeenAt ?? 0);
        if (age < TouchEveryMs && (age < TouchEveryMs / 5 || (device.LastSeenIp == address && device.UserAgent == userAgent)))
            return;
        state.Devices[deviceId] = device with { LastSeenAt = now, LastSeenIp = address, UserAgent = userAgent };
        storage.Devices.Put(unit, state.Devices[deviceId]);
    }

    /// <summary>Removes the device and its tokens, and notes that its keys, messages and pushers are to go; nothing if there is none.</summary>
    public void DeleteDevice(WriteUnit unit, AccountState state, string deviceId)
    {
        if (!state.Devices.ContainsKey(deviceId))
            return;
        storage.Devices.Delete(unit, userId, deviceId);
        storage.Accounts.DeleteTokens(unit, userId, deviceId);
        state.RemoveDevice(deviceId);
        Depart(unit, state, deviceId);
    }

    private void Depart(WriteUnit unit, AccountState state, string deviceId)
    {
        storage.Accounts.AddCleanup(unit, userId, deviceId);
        state.Departing.Add(deviceId);
    }

    /// <summary>Removes all devices but the one to keep.</summary>
    public void DeleteDevices(WriteUnit unit, AccountState state, string? keep = null)
    {
        foreach (var id in state.Devices.Keys.Where(id => id != keep).ToList())
            DeleteDevice(unit, state, id);
    }

    /// <summary>Of too many devices, logs out those that were not seen for longest.</summary>
    public void DeleteUnseen(WriteUnit unit, AccountState state, string keep)
    {
        var excess = state.Devices.Count - settings.BudgetOf(Budgets.Devices).MaxCount;
        if (excess <= 0)
            return;
        foreach (var id in state.Devices.Values.Where(device => device.DeviceId != keep).OrderBy(static device => device.LastSeenAt ?? 0).Take(excess)
            .Select(static device => device.DeviceId).ToList())
            DeleteDevice(unit, state, id);
    }

    /// <summary>Ends the tokens that belong to no device: for one login, and those of OpenID.</summary>
    public void DeleteOwnTokens(WriteUnit unit, AccountState state)
    {
        foreach (var token in state.Tokens.Select(static entry => entry.Row).Where(static row => row.Kind is TokenKind.Login or TokenKind.OpenId).ToList())
        {
            storage.Accounts.DeleteToken(unit, token.Hash);
            state.Remove(token);
        }
    }

    /// <summary>Changes the account itself; what its sessions may do is worked out anew.</summary>
    public void SetRow(WriteUnit unit, AccountState state, AccountRow row)
    {
        state.Row = row;
        state.ForgetSessions();
        storage.Accounts.Update(unit, row);
    }

    /// <summary>Sets a field of the profile; null removes it.</summary>
    public void SetField(WriteUnit unit, AccountState state, string key, ReadOnlyMemory<byte>? value)
    {
        if (value is { } json)
            state.Profile[key] = json;
        else
            state.Profile.Remove(key);
        storage.Accounts.PutProfileField(unit, userId, key, value);
    }

    /// <summary>Takes away what the user logs in with, every session and the profile.</summary>
    /// <param name="erase">Take its private data too, and what it sent from who was not there.</param>
    public void Deactivate(WriteUnit unit, AccountState state, bool erase)
    {
        SetRow(unit, state, state.Row with { PasswordHash = null, Deactivated = true, IsAdmin = false, Erased = erase });
        if (erase)
        {
            Depart(unit, state, "");
            unit.NextPosition(ChangeKind.Erasure, userId);
        }

        DeleteDevices(unit, state);
        storage.Accounts.DeleteTokens(unit, userId, deviceId: null);
        foreach (var token in state.Tokens.Select(static entry => entry.Row).ToList())
        {
            storage.Accounts.DeleteToken(unit, token.Hash);
            state.Remove(token);
        }

        foreach (var key in state.Profile.Keys.ToList())
            SetField(unit, state, key, null);
    }
}
