using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Benchmarks;

/// <summary>Canonical JSON beside System.Text.Json's plain parse and write; the goal is at most 1.5 times its time.</summary>
[MemoryDiagnoser]
public class ProtocolCanonicalJson
{
    private readonly ArrayBufferWriter<byte> _output = new(1 << 20);
    private byte[] _json = [];

    [Params("canonical", "reversed", "300 reversed")]
    public string Input { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        var reversed = ProtocolEvents.Reversed(ProtocolEvents.Message);
        _json = Input switch
        {
            "canonical" => ProtocolEvents.Message.Json.ToArray(),
            "reversed" => reversed,
            _ => [(byte)'[', .. Enumerable.Range(0, 299).SelectMany(_ => reversed.Append((byte)',')), .. reversed, (byte)']'],
        };
    }

    [Benchmark(Baseline = true)]
    public int SystemTextJson()
    {
        _output.ResetWrittenCount();
        using var document = JsonDocument.Parse(_json);
        using var writer = new Utf8JsonWriter(_output);
        document.RootElement.WriteTo(writer);
        writer.Flush();
        return _output.WrittenCount;
    }

    [Benchmark]
    public int Canonical() => CanonicalJson.Encode(_json).Value.Length;
}
