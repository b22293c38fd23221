using System.Collections.Immutable;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Account;

/// <summary>
/// A session of user-interactive authentication. Key: a hash of the session's id, so that what is stored does not tell it. Lasts some hours.
/// </summary>
[Alias("IUiaGrain"), GrainInterfaceType("IUiaGrain")]
public interface IUiaGrain : IGrainWithStringKey
{
    /// <summary>Says what the session that a client is about to be told of serves.</summary>
    /// <param name="operation">What it authenticates.</param>
    /// <param name="userId">Whose password counts; null when registering.</param>
    /// <param name="parameters">What to remember of the request, for a client that then sends <c>auth</c> alone; may be empty.</param>
    [Alias("Begin")]
    Task Begin(string operation, string? userId, ReadOnlyMemory<byte> parameters);

    /// <summary>What <see cref="Begin"/> was told to remember; empty if it was nothing.</summary>
    [Alias("Recall")]
    Task<ReadOnlyMemory<byte>> Recall();

    /// <summary>The user who was registered by it, or null: a client repeats a request whose answer it did not get.</summary>
    [Alias("Registered")]
    Task<string?> Registered();

    /// <summary>Remembers whom the session registered.</summary>
    [Alias("SetRegistered")]
    Task SetRegistered(string userId);

    /// <summary>Takes one attempt on a stage.</summary>
    [Alias("Submit")]
    Task<UiaProgress> Submit(UiaStep step);
}

/// <summary>Stages to complete, all of them.</summary>
[GenerateSerializer, Immutable, Alias("UiaFlow")]
public sealed record UiaFlow([property: Id(0)] ImmutableArray<string> Stages);

/// <summary>An attempt on a stage.</summary>
/// <param name="Operation">What the session authenticates; one session serves one operation.</param>
/// <param name="UserId">Whose password counts; null when registering.</param>
/// <param name="Type">The stage; null: only asks how far the session is.</param>
/// <param name="Secret">The password or registration token.</param>
[GenerateSerializer, Immutable, Alias("UiaStep")]
public sealed record UiaStep(
    [property: Id(0)] string Operation,
    [property: Id(1)] string? UserId,
    [property: Id(2)] ImmutableArray<UiaFlow> Flows,
    [property: Id(3)] string? Type,
    [property: Id(4)] string? Secret);

/// <summary>How far a session is.</summary>
/// <param name="Done">A flow is complete: the operation may go on. The session of a user is used up by this.</param>
/// <param name="Failure">Why the attempt failed.</param>
/// <param name="IsForeign">The session is that of another operation or user, and no stage can mend that.</param>
/// <param name="RegistrationToken">The token that completed m.login.registration_token.</param>
[GenerateSerializer, Immutable, Alias("UiaProgress")]
public sealed record UiaProgress(
    [property: Id(0)] bool Done,
    [property: Id(1)] ImmutableArray<string> Completed,
    [property: Id(2)] MatrixError? Failure,
    [property: Id(3)] string? RegistrationToken,
    [property: Id(4)] bool IsForeign = false);
