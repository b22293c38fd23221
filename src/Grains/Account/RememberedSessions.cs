using Microsoft.Extensions.Logging;
using Orleans.Runtime.Services;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Account;

/// <summary>
/// Has all silos forget a user's sessions (ADR 0080). One that cannot be reached is not waited for longer than <see cref="Longest"/>: it forgets by itself when
/// what it remembers grows old.
/// </summary>
public sealed class RememberedSessions(
    IServiceProvider services, ILocalSiloDetails self, IClusterMembershipService members, IEnumerable<ISessionCache> caches, ILogger<RememberedSessions> logger)
    : GrainServiceClient<ISessionService>(services)
{
    /// <summary>The longest that a change of an account waits for a silo that does not answer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Returns when no silo that can be reached answers for these sessions by memory.</summary>
    public async Task ForgetAsync(UserId user)
    {
        ForgetHere(user);
        var others = members.CurrentSnapshot.Members.Values
            .Where(member => MayAnswer(member.Status) && !member.SiloAddress.Equals(self.SiloAddress))
            .Select(member => ForgetAsync(member.SiloAddress, user))
            .ToList();
        if (others.Count > 0)
            await Task.WhenAll(others);
    }

    /// <summary>What this silo remembers.</summary>
    public void ForgetHere(UserId user)
    {
        foreach (var cache in caches)
            cache.Forget(user);
    }

    // One that is only joining has asked no account yet.
    private static bool MayAnswer(SiloStatus status) => status is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping;

    private async Task ForgetAsync(SiloAddress silo, UserId user)
    {
        try
        {
            await GetGrainService(silo).Forget(user).WaitAsync(Longest, TimeProvider.System);
        }
        catch (Exception fault)
        {
            AccountLog.SessionsRemembered(logger, user.Value, silo, fault);
        }
    }
}
