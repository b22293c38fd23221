using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Account;

/// <summary>
/// A session of user-interactive authentication as it is stored (ADR 0061). No password is in it; what it remembers of a request is sealed by who began it.
/// </summary>
[GenerateSerializer, Alias("UiaSession")]
public sealed class UiaSession
{
    /// <summary>The name of the state.</summary>
    public const string StateName = "uia";

    /// <summary>Longer than anybody needs to complete the stages.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(3);

    /// <summary>What it authenticates; null: nothing yet.</summary>
    [Id(0)]
    public string? Operation { get; set; }

    /// <summary>Whose password counts; null when registering.</summary>
    [Id(1)]
    public string? UserId { get; set; }

    /// <summary>Milliseconds since the epoch.</summary>
    [Id(2)]
    public long BegunAt { get; set; }

    /// <summary>Stages that are completed.</summary>
    [Id(3)]
    public ImmutableArray<string> Completed { get; set; } = [];

    /// <summary>The registration token that completed its stage.</summary>
    [Id(4)]
    public string? RegistrationToken { get; set; }

    /// <summary>Whom the session registered.</summary>
    [Id(5)]
    public string? Registered { get; set; }

    /// <summary>What to remember of the request, sealed.</summary>
    [Id(6)]
    public ReadOnlyMemory<byte> Parameters { get; set; }
}
