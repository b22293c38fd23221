using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Benchmarks;

/// <summary>The ways of events through a server: made, received, read from storage, given to clients.</summary>
[MemoryDiagnoser]
public class ProtocolPdu
{
    private readonly byte[] _wire = ProtocolEvents.Reversed(ProtocolEvents.Message);
    private readonly ArrayBufferWriter<byte> _output = new(4096);

    [Benchmark]
    public Pdu BuildAndSign() => ProtocolEvents.Builder.Build(RoomVersion.V12, ProtocolEvents.Server, ProtocolEvents.Key).Value;

    [Benchmark]
    public Pdu Parse() => Pdu.Parse(_wire, RoomVersion.V12).Value;

    [Benchmark]
    public Pdu FromStored() => Pdu.FromStored(ProtocolEvents.Message.Json, RoomVersion.V12, ProtocolEvents.Message.EventId);

    [Benchmark]
    public Pdu Redact() => Redaction.Redact(ProtocolEvents.Message);

    [Benchmark]
    public int WriteForClient()
    {
        _output.ResetWrittenCount();
        using var writer = new Utf8JsonWriter(_output);
        ClientEvent.Write(writer, ProtocolEvents.Message);
        writer.Flush();
        return _output.WrittenCount;
    }
}
