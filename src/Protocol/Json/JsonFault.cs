using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Protocol.Json;

/// <summary>Why a text has no canonical form.</summary>
internal enum JsonFault
{
    None,
    Syntax,
    InvalidUtf8,
    LoneSurrogate,
    TooDeep,
    NotAnInteger,
    OutOfRange,
    DuplicateKey,
}

internal static class JsonFaultExtensions
{
    public static MatrixError ToError(this JsonFault fault) => fault switch
    {
        JsonFault.Syntax => MatrixError.NotJson(),
        JsonFault.InvalidUtf8 => MatrixError.NotJson("Content is not valid UTF-8"),
        JsonFault.LoneSurrogate => MatrixError.BadJson("A string holds a lone surrogate"),
        JsonFault.TooDeep => MatrixError.BadJson($"JSON is nested deeper than {JsonText.MaxDepth} levels"),
        JsonFault.NotAnInteger => MatrixError.BadJson("A number is not an integer"),
        JsonFault.OutOfRange => MatrixError.BadJson("A number is outside the range of canonical JSON"),
        JsonFault.DuplicateKey => MatrixError.BadJson("An object has the same key twice"),
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };
}
