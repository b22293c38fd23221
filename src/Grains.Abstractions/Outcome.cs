using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>What a grain answers: a value, or the protocol error that names the failed rule. Faults are exceptions instead.</summary>
/// <remarks>The setters are for the generated serializer, which would otherwise have to emit code at run time.</remarks>
[GenerateSerializer, Immutable, Alias("Outcome`1")]
public record struct Outcome<T>
{
    /// <summary>The value; meaningful only if <see cref="Ok"/>.</summary>
    [Id(0)] public T? Value { readonly get; internal set; }

    /// <summary>The error, or null.</summary>
    [Id(1)] public MatrixError? Error { readonly get; internal set; }

    public readonly bool Ok => Error is null;

    public static implicit operator Outcome<T>(T value) => new() { Value = value };
    public static implicit operator Outcome<T>(MatrixError error) => new() { Error = error };
}

/// <summary>Nothing to tell but success.</summary>
[GenerateSerializer, Immutable, Alias("Nothing")]
public readonly record struct Nothing
{
    public static Nothing Value => default;
}
