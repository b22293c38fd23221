using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>A <see cref="MatrixError"/> on its way between grains.</summary>
/// <param name="Extra">Further members of the error object, as a JSON object; null for none.</param>
[GenerateSerializer, Immutable]
public sealed record ErrorInfo(
    [property: Id(0)] string ErrCode, [property: Id(1)] int Status, [property: Id(2)] string Message, [property: Id(3)] ReadOnlyMemory<byte>? Extra);
