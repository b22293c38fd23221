using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansMatrix.Grains.Account;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.Account;

public sealed class PasswordsTests
{
    [Fact]
    public async Task A_hash_with_fewer_rounds_is_made_anew_when_the_password_is_given()
    {
        using var services = new ServiceCollection().AddMatrixGrains().BuildServiceProvider();
        var options = services.GetRequiredService<IOptions<PasswordHasherOptions>>();
        Assert.Equal(210_000, options.Value.IterationCount);
        using var passwords = new Passwords(options);
        var check = new PasswordCheck(passwords, new TestClock(), isLimited: false);
        var row = new AccountRow("@a:local", Hash(100_000), false, false, false, false, false, null, 0);

        var (error, better) = await check.RunAsync(new AccountState(row), "secret", null);
        Assert.Null(error);
        Assert.NotNull(better);
        var improved = new AccountState(row with { PasswordHash = better });
        Assert.Equal((null, null), await check.RunAsync(improved, "secret", null));
        Assert.NotNull((await check.RunAsync(improved, "other", null)).Error);

        static string Hash(int iterations) =>
            new PasswordHasher<string>(Options.Create(new PasswordHasherOptions { IterationCount = iterations })).HashPassword("", "secret");
    }
}
