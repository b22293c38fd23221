using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Account;

/// <summary>
/// A session of user-interactive authentication (C-S API, User-Interactive Authentication API). It outlives its silo: a client in the midst of it goes on with
/// it.
/// </summary>
[GrainType("uia")]
public sealed class UiaGrain([PersistentState(UiaSession.StateName)] IPersistentState<UiaSession> session, TimeProvider time) : Grain, IUiaGrain
{
    private static readonly MatrixError s_otherOperation = MatrixError.Forbidden("This session belongs to another request");

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public Task Begin(string operation, string? userId, ReadOnlyMemory<byte> parameters) => ChangeAsync(state =>
    {
        Claim(state, operation, userId);
        state.Parameters = parameters;
    });

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>> Recall() => Task.FromResult(IsOver ? default : session.State.Parameters);

    /// <inheritdoc/>
    public Task<string?> Registered() => Task.FromResult(IsOver ? null : session.State.Registered);

    /// <inheritdoc/>
    public Task SetRegistered(string userId) => ChangeAsync(state => state.Registered = userId);

    /// <inheritdoc/>
    public async Task<UiaProgress> Submit(UiaStep step)
    {
        var known = IsOver ? null : session.State;
        if (known?.Operation is not null && (known.Operation, known.UserId) != (step.Operation, step.UserId))
            return new UiaProgress(false, [], s_otherOperation, null, IsForeign: true);
        ImmutableArray<string> completed = known?.Completed ?? [];
        var registrationToken = known?.RegistrationToken;
        MatrixError? error = null;
        if (step.Type is { } type && !completed.Contains(type) && (error = await VerifyAsync(step, type)) is null)
        {
            completed = completed.Add(type);
            if (type == UiaStages.RegistrationToken)
                registrationToken = step.Secret;
        }

        var done = step.Flows.Any(flow => flow.Stages.All(completed.Contains));
        if (done && step.UserId is not null)
        {
            // A password is asked for anew for each operation; who registers may have to try another name.
            if (session.RecordExists)
                await session.ClearStateAsync();
        }
        else if (known?.Operation is null || known.Completed.Length != completed.Length)
        {
            await ChangeAsync(state =>
            {
                Claim(state, step.Operation, step.UserId);
                state.Completed = completed;
                state.RegistrationToken = registrationToken;
            });
        }

        return done
            ? new UiaProgress(true, completed, null, registrationToken)
            : new UiaProgress(false, completed, error, null);
    }

    private bool IsOver => session.RecordExists && Now - session.State.BegunAt >= (long)UiaSession.Lifetime.TotalMilliseconds;

    private static void Claim(UiaSession state, string operation, string? userId)
    {
        if (state.Operation is null)
            (state.Operation, state.UserId) = (operation, userId);
    }

    /// <summary>Stores the session, which begins anew if it is over. What could not be stored is not believed.</summary>
    private async Task ChangeAsync(Action<UiaSession> change)
    {
        if (IsOver || !session.RecordExists)
            session.State = new UiaSession { BegunAt = Now };
        change(session.State);
        try
        {
            await session.WriteStateAsync();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }

    private async Task<MatrixError?> VerifyAsync(UiaStep step, string type)
    {
        if (!step.Flows.Any(flow => flow.Stages.Contains(type)))
            return MatrixError.Unrecognized("This request has no such authentication stage");
        return type switch
        {
            UiaStages.Dummy => null,
            UiaStages.Password => (await GrainFactory.GetGrain<IAccountGrain>(step.UserId!).VerifyPassword(step.Secret ?? "")).Error,
            UiaStages.RegistrationToken => await VerifyTokenAsync(step.Secret ?? ""),
            _ => MatrixError.Unrecognized("This server does not have this authentication stage"),
        };
    }

    private async Task<MatrixError?> VerifyTokenAsync(string token) =>
        await GrainFactory.GetGrain<IRegistrationGrain>(IRegistrationGrain.Key).IsTokenValid(token) is { Value: true } ? null
            : MatrixError.Unauthorized("Invalid registration token");
}
