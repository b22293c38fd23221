namespace OrleansMatrix.Fuzz.Tests;

/// <summary>
/// The choices of a seed. Those of a step follow from its number alone: not from what the steps before drew, which depends on what the server answered to them.
/// </summary>
internal sealed class StepRandom(int seed) : Random
{
    // A prime, so that the steps of one seed are not those of the next.
    private const int Spread = 1_000_003;

    private Random _now = new(seed);

    public void Begin(int step) => _now = new Random(unchecked((seed * Spread) + step));

    public override int Next() => _now.Next();

    public override int Next(int maxValue) => _now.Next(maxValue);

    public override int Next(int minValue, int maxValue) => _now.Next(minValue, maxValue);
}
