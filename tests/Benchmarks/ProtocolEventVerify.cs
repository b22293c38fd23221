using BenchmarkDotNet.Attributes;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Benchmarks;

/// <summary>Verifying events beside verifying bare signatures; the goal is 85 % of the bare rate.</summary>
[MemoryDiagnoser]
public class ProtocolEventVerify
{
    private readonly byte[] _signed = new byte[400];
    private readonly byte[] _signature = new byte[Ed25519.SignatureSize];
    private readonly ServerVerifyKey _key = new(ProtocolEvents.Key.VerifyKey, long.MaxValue, IsOld: false);
    private readonly byte[] _wire = ProtocolEvents.Reversed(ProtocolEvents.Message);

    [GlobalSetup]
    public void Setup() => ProtocolEvents.Key.Sign(_signed, _signature);

    [Benchmark(Baseline = true)]
    public bool BareSignature() => _key.Key.Verify(_signed, _signature);

    [Benchmark]
    public bool Event() => EventSignatures.Verify(ProtocolEvents.Message, (_, _) => _key).IsAcceptable;

    [Benchmark]
    public bool ParseAndVerify() => EventSignatures.Verify(Pdu.Parse(_wire, RoomVersion.V12).Value, (_, _) => _key).IsAcceptable;
}
