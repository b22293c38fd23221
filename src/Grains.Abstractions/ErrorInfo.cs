using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>A <see cref="MatrixError"/> on its way between grains.</summary>
/// <param name="Extra">Further members of the error object, as one JSON object; empty for none.</param>
[GenerateSerializer, Immutable]
public sealed record ErrorInfo(
    [property: Id(0)] string ErrCode, [property: Id(1)] int Status, [property: Id(2)] string Message, [property: Id(3)] ReadOnlyMemory<byte> Extra)
{
    /// <summary>Packs an error.</summary>
    public static ErrorInfo From(MatrixError error) => new(error.ErrCode, error.Status, error.Message, error.Extra);

    /// <summary>Unpacks it.</summary>
    public MatrixError ToError() => new(ErrCode, Status, Message) { Extra = Extra };
}
