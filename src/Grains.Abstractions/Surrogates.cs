using Orleans.Serialization.Cloning;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>A <see cref="MatrixError"/> on its way between silos: the protocol knows nothing of Orleans.</summary>
[GenerateSerializer, Immutable, Alias("MatrixError")]
public readonly record struct MatrixErrorSurrogate(
    [property: Id(0)] string ErrCode, [property: Id(1)] int Status, [property: Id(2)] string Message, [property: Id(3)] ReadOnlyMemory<byte> Extra);

/// <summary>Packs and unpacks a <see cref="MatrixError"/>.</summary>
[RegisterConverter]
public sealed class MatrixErrorConverter : IConverter<MatrixError, MatrixErrorSurrogate>
{
    /// <inheritdoc/>
    public MatrixError ConvertFromSurrogate(in MatrixErrorSurrogate surrogate) =>
        new(surrogate.ErrCode, surrogate.Status, surrogate.Message) { Extra = surrogate.Extra };

    /// <inheritdoc/>
    public MatrixErrorSurrogate ConvertToSurrogate(in MatrixError value) => new(value.ErrCode, value.Status, value.Message, value.Extra);
}

/// <summary>An <see cref="Outcome{T}"/> on its way between silos.</summary>
/// <remarks>The setters are for the generated serializer, which would otherwise have to emit code at run time.</remarks>
[GenerateSerializer, Immutable, Alias("Outcome`1")]
public record struct OutcomeSurrogate<T>
{
    [Id(0)] public T? Value { readonly get; internal set; }

    [Id(1)] public MatrixError? Error { readonly get; internal set; }
}

/// <summary>Packs and unpacks an <see cref="Outcome{T}"/>.</summary>
[RegisterConverter]
public sealed class OutcomeConverter<T> : IConverter<Outcome<T>, OutcomeSurrogate<T>>
{
    /// <inheritdoc/>
    public Outcome<T> ConvertFromSurrogate(in OutcomeSurrogate<T> surrogate) => surrogate.Error is { } error ? error : surrogate.Value!;

    /// <inheritdoc/>
    public OutcomeSurrogate<T> ConvertToSurrogate(in Outcome<T> value) =>
        value.TryGet(out var inner, out var error) ? new() { Value = inner } : new() { Error = error };
}

/// <summary>Within a silo nothing is packed.</summary>
[RegisterCopier]
public sealed class OutcomeCopier<T> : ShallowCopier<Outcome<T>>;
