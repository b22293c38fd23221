using BenchmarkDotNet.Attributes;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.StateResolution;

namespace OrleansMatrix.Benchmarks;

/// <summary>Resolves three forks of a room of 50,000 members.</summary>
[MemoryDiagnoser]
public class StateResolutionFork
{
    private readonly ForkedRoom _v2 = new(RoomVersion.V11, 50_000);
    private readonly ForkedRoom _v21 = new(RoomVersion.V12, 50_000);

    [Benchmark]
    public async Task<int> V2() => (await StateResolver.ResolveAsync(RoomVersion.V11, _v2.Conflicts, _v2)).Count;

    [Benchmark]
    public async Task<int> V21() => (await StateResolver.ResolveAsync(RoomVersion.V12, _v21.Conflicts, _v21)).Count;
}
