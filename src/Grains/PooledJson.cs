using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Grains;

/// <summary>JSON written into pooled buffers and copied out once.</summary>
public sealed class PooledJson : IDisposable
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private readonly PooledBytes _bytes = new();

    public PooledJson() => Writer = new Utf8JsonWriter(_bytes, s_options);

    public Utf8JsonWriter Writer { get; }

    /// <summary>Writes JSON by a function and gives the bytes.</summary>
    public static ReadOnlyMemory<byte> Build(Action<Utf8JsonWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var json = new PooledJson();
        write(json.Writer);
        return json.ToArray();
    }

    /// <summary>All that was written.</summary>
    public byte[] ToArray()
    {
        Writer.Flush();
        return _bytes.ToArray();
    }

    public void Dispose()
    {
        Writer.Dispose();
        _bytes.Dispose();
    }
}
