using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>Counts the uses of one registration token; reads storage each time, as tokens are made and deleted outside.</summary>
public sealed class RegistrationTokenGrain(IStorage storage, TimeProvider time) : Grain, IRegistrationTokenGrain
{
    private Fence _fence = null!;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken) =>
        _fence = await storage.OpenFenceAsync($"registration_token:{this.GetPrimaryKeyString()}", cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> IsValid() => await ValidAsync() is not null;

    /// <inheritdoc/>
    public async Task<bool> Use()
    {
        if (await ValidAsync() is not { } row)
            return false;
        await PutAsync(row with { Completed = row.Completed + 1 });
        return true;
    }

    /// <inheritdoc/>
    public async Task Release()
    {
        if (await storage.Accounts.GetRegistrationTokenAsync(this.GetPrimaryKeyString()) is { Completed: > 0 } row)
            await PutAsync(row with { Completed = row.Completed - 1 });
    }

    private async Task<RegistrationTokenRow?> ValidAsync()
    {
        var row = await storage.Accounts.GetRegistrationTokenAsync(this.GetPrimaryKeyString());
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
            DeactivateOnIdle();
            throw;
        }
    }
}
