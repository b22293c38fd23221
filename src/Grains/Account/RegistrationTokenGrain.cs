using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>Counts the uses of one registration token; reads storage each time, as tokens are made and deleted outside.</summary>
[GrainType("registrationtoken")]
public sealed class RegistrationTokenGrain(IStorage storage, TimeProvider time) : Grain, IRegistrationTokenGrain
{
    private Fence? _fence;

    /// <inheritdoc/>
    public async Task<bool> IsValid() => await ValidAsync() is not null;

    /// <inheritdoc/>
    public async Task<bool> Use()
    {
        if (await OwnAsync() is not { } row || !RegistrationTokens.IsValid(row, time))
            return false;
        await PutAsync(row with { Completed = row.Completed + 1 });
        return true;
    }

    /// <inheritdoc/>
    public async Task Release()
    {
        if (await OwnAsync() is { Completed: > 0 } row)
            await PutAsync(row with { Completed = row.Completed - 1 });
    }

    // The fence is taken before what is built on is read (ADR 0004); not for a token that is not there, since anybody can ask for any.
    private async Task<RegistrationTokenRow?> OwnAsync()
    {
        if (_fence is null && await ReadAsync() is null)
            return null;
        _fence ??= await storage.AcquireFenceAsync($"registration_token:{this.GetPrimaryKeyString()}");
        return await ReadAsync();
    }

    private async Task<RegistrationTokenRow?> ReadAsync() => await storage.Accounts.GetRegistrationTokenAsync(this.GetPrimaryKeyString());

    private async Task<RegistrationTokenRow?> ValidAsync()
    {
        var row = await ReadAsync();
        return row is not null && RegistrationTokens.IsValid(row, time) ? row : null;
    }

    private async Task PutAsync(RegistrationTokenRow row)
    {
        var unit = new WriteUnit(_fence);
        storage.Accounts.PutRegistrationToken(unit, row);
        try
        {
            await storage.CommitAsync(unit);
        }
        catch (StaleFenceException)
        {
            _fence = null;
            DeactivateOnIdle();
            throw;
        }
    }
}
