using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Persistence;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>
/// Has the owners of keys, messages, pushers and private data take away what went with a device or an erased account (ADR 0063): the account's own rows are
/// gone by then, and a note says what is left.
/// </summary>
/// <param name="storage">Where the notes are.</param>
/// <param name="grains">Finds the owners.</param>
/// <param name="retry">Tries again what failed.</param>
/// <param name="userId">Whose account.</param>
/// <param name="commitAsync">Commits as the account.</param>
/// <param name="logger">Is told of failures.</param>
internal sealed class AccountCleanup(
    IStorage storage, IGrainFactory grains, RetryReminder retry, string userId, Func<Action<WriteUnit>, Task> commitAsync, ILogger logger)
{
    /// <summary>Does what is noted; what fails is tried again.</summary>
    public async Task TryAsync(AccountState state)
    {
        try
        {
            await RunAsync(state);
        }
        catch (Exception fault)
        {
            AccountLog.CleanUpFailed(logger, userId, fault);
            await retry.SetAsync();
        }
    }

    /// <summary>Does what is noted. Each owner may be asked twice.</summary>
    public async Task RunAsync(AccountState state)
    {
        if (state.Departing.Count == 0)
            return;
        ImmutableArray<string> departing = [.. state.Departing];
        var keys = grains.GetGrain<IUserKeysGrain>(userId);
        var user = grains.GetGrain<IUserGrain>(userId);
        var pushers = grains.GetGrain<IPusherGrain>(userId);
        if (departing.Remove("") is { Length: > 0 } devices)
            await Task.WhenAll(keys.ForgetDevices(devices), user.ForgetDevices(devices), pushers.ForgetDevices(devices));
        if (departing.Contains(""))
            await Task.WhenAll(user.Erase(), pushers.Erase(), grains.GetGrain<IKeyBackupGrain>(userId).Erase());
        await commitAsync(unit =>
        {
            foreach (var id in departing)
                storage.Accounts.RemoveCleanup(unit, userId, id);
        });
        state.Departing.ExceptWith(departing);
    }
}
