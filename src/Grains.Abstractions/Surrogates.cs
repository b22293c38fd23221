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
