using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Account;

/// <summary>A session of user-interactive authentication (C-S API, User-Interactive Authentication API).</summary>
[GrainType("uia")]
public sealed class UiaGrain : Grain, IUiaGrain
{
    private static readonly MatrixError s_otherOperation = MatrixError.Forbidden("This session belongs to another request");
    private readonly List<string> _completed = [];
    private (string Operation, string? UserId)? _for;
    private string? _registrationToken;
    private string? _registered;
    private ReadOnlyMemory<byte> _parameters;

    /// <inheritdoc/>
    public Task Begin(string operation, string? userId, ReadOnlyMemory<byte> parameters)
    {
        _for ??= (operation, userId);
        _parameters = parameters;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>> Recall() => Task.FromResult(_parameters);

    /// <inheritdoc/>
    public Task<string?> Registered() => Task.FromResult(_registered);

    /// <inheritdoc/>
    public Task SetRegistered(string userId)
    {
        _registered = userId;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<UiaProgress> Submit(UiaStep step)
    {
        _for ??= (step.Operation, step.UserId);
        if (_for != (step.Operation, step.UserId))
            return new UiaProgress(false, [], s_otherOperation, null, IsForeign: true);
        var error = step.Type is null || _completed.Contains(step.Type) ? null : await VerifyAsync(step, step.Type);
        if (!step.Flows.Any(flow => flow.Stages.All(_completed.Contains)))
            return new UiaProgress(false, [.. _completed], error, null);

        // A password is asked for anew for each operation; who registers may have to try another name.
        if (step.UserId is not null)
            _completed.Clear();
        return new UiaProgress(true, [.. _completed], null, _registrationToken);
    }

    private async Task<MatrixError?> VerifyAsync(UiaStep step, string type)
    {
        if (!step.Flows.Any(flow => flow.Stages.Contains(type)))
            return MatrixError.Unrecognized("This request has no such authentication stage");
        var error = type switch
        {
            UiaStages.Dummy => null,
            UiaStages.Password => (await GrainFactory.GetGrain<IAccountGrain>(step.UserId!).VerifyPassword(step.Secret ?? "")).Error,
            UiaStages.RegistrationToken => await VerifyTokenAsync(step.Secret ?? ""),
            _ => MatrixError.Unrecognized("This server does not have this authentication stage"),
        };
        if (error is null)
            _completed.Add(type);
        return error;
    }

    private async Task<MatrixError?> VerifyTokenAsync(string token)
    {
        if ((await GrainFactory.GetGrain<IRegistrationGrain>(IRegistrationGrain.Key).IsTokenValid(token)) is not { Value: true })
            return MatrixError.Unauthorized("Invalid registration token");
        _registrationToken = token;
        return null;
    }
}
