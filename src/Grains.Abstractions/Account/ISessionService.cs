using Orleans.Services;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Account;

/// <summary>Of each silo: what it remembers of users' sessions, so that a request need not ask the account (ADR 0080).</summary>
[Alias("ISessionService"), GrainInterfaceType("ISessionService")]
public interface ISessionService : IGrainService
{
    /// <summary>Forgets the user's sessions: the account answers for them again.</summary>
    [Alias("Forget")]
    Task Forget(UserId user);
}
