using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Account;

/// <summary>Lets the accounts of all silos reach what this silo's gateway remembers.</summary>
public sealed class SessionService(GrainId id, Silo silo, ILoggerFactory loggers, RememberedSessions sessions)
    : GrainService(id, silo, loggers), ISessionService
{
    /// <inheritdoc/>
    public Task Forget(UserId user)
    {
        sessions.ForgetHere(user);
        return Task.CompletedTask;
    }
}
