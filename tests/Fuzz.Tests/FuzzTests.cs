using System.Globalization;

namespace OrleansMatrix.Fuzz.Tests;

/// <summary>
/// Users, a guest and a server that mean harm play against a running server for <c>FUZZ_SECONDS</c> (60), by the choices of <c>FUZZ_SEED</c> (1: who
/// looks for something new takes another); nobody else suffers.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int DefaultSeconds = 60, DefaultSeed = 1;

    [Fact]
    public async Task Whatever_users_and_servers_send_harms_no_one_else()
    {
        var seed = Setting("FUZZ_SEED") ?? DefaultSeed;
        await using var run = await FuzzRun.StartAsync(seed);
        await run.PlayAsync(TimeSpan.FromSeconds(Setting("FUZZ_SECONDS") ?? DefaultSeconds));
        output.WriteLine($"seed {seed}: {run.Steps} requests, {run.MostMemory:0} MiB at most; no success: "
            + string.Join(", ", run.Successes.Where(static s => s.Value == 0).Select(static s => s.Key)));
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { } value ? int.Parse(value, CultureInfo.InvariantCulture) : null;
}
