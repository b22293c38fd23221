using System.Runtime.InteropServices;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>Hands a request's body on to a grain that reads it itself.</summary>
public static class RequestBytes
{
    /// <summary>The body, checked to be a JSON object, as UTF-8: M_NOT_JSON, M_BAD_JSON, M_TOO_LARGE.</summary>
    public static async ValueTask<Result<ReadOnlyMemory<byte>>> ReadObjectBytesAsync(this MatrixRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return (await request.ReadObjectAsync().ConfigureAwait(false)).TryGet(out var json, out var error)
            ? new ReadOnlyMemory<byte>(JsonMarshal.GetRawUtf8Value(json).ToArray())
            : error;
    }
}
