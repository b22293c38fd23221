using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>What a grain answers: a value, or the protocol error that names the failed rule. Faults are exceptions instead.</summary>
[GenerateSerializer, Immutable, Alias("Outcome`1")]
public readonly record struct Outcome<T>
{
    /// <summary>The value; meaningful only if <see cref="Ok"/>.</summary>
    [Id(0)] public T? Value { get; init; }

    /// <summary>The error, or null.</summary>
    [Id(1)] public MatrixError? Error { get; init; }

    public bool Ok => Error is null;

    public static implicit operator Outcome<T>(T value) => new() { Value = value };
    public static implicit operator Outcome<T>(MatrixError error) => new() { Error = error };
}

/// <summary>Nothing to tell but success.</summary>
[GenerateSerializer, Immutable, Alias("Nothing")]
public readonly record struct Nothing
{
    public static Nothing Value => default;
}
