using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Silo;
using OrleansMatrix.Silo.Keys;
using OrleansMatrix.Storage.Postgres;
using OrleansMatrix.TestSupport;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

// One cluster at a time: of several beside each other none has the time that its silos give each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace OrleansMatrix.Cluster.Tests;

/// <summary>The signing key of a cluster lies in its database (ADR 0090).</summary>
public sealed class SigningKeyTests(PostgresCluster postgres)
{
    private const string Secret = "Matrix:KeySecret";
    private const string FirstSecret = "KeySecret=0123456789abcdef0123456789abcdef";
    private const string SecondSecret = "KeySecret=fedcba9876543210fedcba9876543210";

    [Fact(Timeout = 240_000)]
    public async Task Ten_silos_that_start_at_once_on_an_empty_database_have_one_key()
    {
        var database = await postgres.CreateDatabaseAsync();
        var silos = Enumerable.Range(0, 10).Select(_ => TestSilo.Create(database + ";Maximum Pool Size=5", FirstSecret)).ToList();
        try
        {
            await Task.WhenAll(silos.Select(static silo => silo.StartAsync()));
            Assert.Single((await Task.WhenAll(silos.Select(static silo => silo.PublishedKeyAsync()))).Distinct());

            // They are one cluster: what one has made the others know.
            var token = await silos[0].RegisterAsync("alice");
            foreach (var silo in silos)
            {
                var asked = await silo.AskAsync(HttpMethod.Get, "/_matrix/client/v3/account/whoami", token);
                Assert.Equal("@alice:localhost", asked["user_id"]!.GetValue<string>());
            }
        }
        finally
        {
            await Task.WhenAll(silos.Select(static silo => silo.DisposeAsync().AsTask()));
        }
    }

    [Theory(Timeout = 120_000)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_silo_takes_the_key_that_another_stores_while_it_starts(int afterReads)
    {
        using var folder = new TemporaryFolder();
        var settings = new MatrixSettings
        {
            ServerName = ServerName.Parse("localhost"),
            DataDirectory = folder.Path,
            Database = await postgres.CreateDatabaseAsync(),
        };
        await using var storage = PostgresStorage.Open(settings.Database, TimeProvider.System, NullLoggerFactory.Instance);
        await storage.MigrateAsync(TestContext.Current.CancellationToken);
        var one = new SigningKeys(settings, new SeededRandom(1), TimeProvider.System, NullLogger<SigningKeys>.Instance);
        var other = new SigningKeys(settings, new SeededRandom(2), TimeProvider.System, NullLogger<SigningKeys>.Instance);
        await one.ReadAsync(SettingReads.Watch(storage, async reads =>
        {
            if (reads == afterReads)
                await other.ReadAsync(storage);
        }));
        Assert.Equal(other.Own.At(0).KeyId, one.Own.At(0).KeyId);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_key_is_sealed_with_the_secret_and_opened_with_no_other()
    {
        var database = await postgres.CreateDatabaseAsync();
        string key;
        await using (var first = await TestSilo.StartAsync(database, FirstSecret))
            key = await first.PublishedKeyAsync();
        var stored = await StoredAsync(database);
        Assert.StartsWith("aes-gcm ", stored);

        Assert.Equal(Secret, (await RefusedAsync(database)).Key);
        Assert.Equal(Secret, (await RefusedAsync(database, SecondSecret)).Key);
        Assert.Equal(stored, await StoredAsync(database));
        await using var again = await TestSilo.StartAsync(database, FirstSecret);
        Assert.Equal(key, await again.PublishedKeyAsync());
    }

    [Fact(Timeout = 120_000)]
    public async Task Another_key_is_sealed_too_and_taken_up_by_all_silos()
    {
        using var folder = new TemporaryFolder();
        var settings = new MatrixSettings
        {
            ServerName = ServerName.Parse("localhost"),
            DataDirectory = folder.Path,
            Database = await postgres.CreateDatabaseAsync(),
            KeySecret = System.Text.Encoding.UTF8.GetBytes(FirstSecret),
        };
        var clock = new TestClock();
        await using var storage = PostgresStorage.Open(settings.Database, clock, NullLoggerFactory.Instance);
        await storage.MigrateAsync(TestContext.Current.CancellationToken);
        SigningKeys[] silos = [New(1), New(2)];
        foreach (var silo in silos)
            await silo.ReadAsync(storage);
        var from = clock.GetUtcNow().AddMinutes(5).ToUnixTimeMilliseconds();
        var second = await New(3).AddAsync(storage, (await KeyHistory.ReadAsync(storage))!, from);
        Assert.StartsWith("aes-gcm ", await StoredAsync(settings.Database), StringComparison.Ordinal);
        foreach (var silo in silos)
        {
            await silo.RefreshAsync(storage);
            Assert.Equal(second!.KeyId, silo.Own.At(from).KeyId);
            Assert.NotEqual(second.KeyId, silo.Own.At(from - 1).KeyId);
        }

        SigningKeys New(int seed) => new(settings, new SeededRandom(seed), clock, NullLogger<SigningKeys>.Instance);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_key_of_before_there_was_a_secret_is_sealed_when_there_is_one()
    {
        var database = await postgres.CreateDatabaseAsync();
        string key;
        await using (var first = await TestSilo.StartAsync(database))
            key = await first.PublishedKeyAsync();
        Assert.True(SigningKey.TryParse(await StoredAsync(database), out _));

        await using (var second = await TestSilo.StartAsync(database, FirstSecret))
            Assert.Equal(key, await second.PublishedKeyAsync());
        Assert.StartsWith("aes-gcm ", await StoredAsync(database));
        Assert.Equal(Secret, (await RefusedAsync(database)).Key);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_key_of_the_first_silos_file_is_taken_over_and_other_files_are_not()
    {
        var database = await postgres.CreateDatabaseAsync();
        var key = SigningKey.Generate(new SystemRandom());
        await using var first = TestSilo.Create(database);
        File.WriteAllText(first.File("signing.key"), key.ToFileLine());
        await first.StartAsync();
        await using var second = TestSilo.Create(database);
        File.WriteAllText(second.File("signing.key"), SigningKey.Generate(new SystemRandom()).ToFileLine());
        await second.StartAsync();
        var published = $"{key.KeyId} {key.VerifyKey.ToBase64()}";
        Assert.Equal([published, published], await Task.WhenAll(first.PublishedKeyAsync(), second.PublishedKeyAsync()));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_database_that_was_used_with_a_file_waits_for_that_files_key()
    {
        var database = await postgres.CreateDatabaseAsync();
        var key = SigningKey.Generate(new SystemRandom());
        await using (await TestSilo.StartAsync(database))
        {
            // As a silo left it that had its key in a file only.
        }

        await RunAsync(database, "DELETE FROM settings WHERE name = 'signing_key_private'");
        await RunAsync(database, $"UPDATE settings SET value = '{key.KeyId} {key.VerifyKey.ToBase64()}' WHERE name = 'signing_key'");
        Assert.Equal("Matrix:DataDirectory", (await RefusedAsync(database)).Key);
        await using var silo = TestSilo.Create(database);
        File.WriteAllText(silo.File("signing.key"), key.ToFileLine());
        await silo.StartAsync();
        Assert.StartsWith(key.KeyId, await silo.PublishedKeyAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_policy_servers_key_is_the_same_on_all_silos_too()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await TestSilo.StartAsync(database, "PolicyServer:Enabled=true", FirstSecret);
        await using var second = await TestSilo.StartAsync(database, "PolicyServer:Enabled=true", FirstSecret);
        var keys = await Task.WhenAll(PolicyKeyAsync(first), PolicyKeyAsync(second));
        Assert.Equal(keys[0], keys[1]);

        static async Task<string> PolicyKeyAsync(TestSilo silo) =>
            (await silo.AskAsync(HttpMethod.Get, "/.well-known/matrix/policy_server"))["public_keys"]!["ed25519"]!.GetValue<string>();
    }

    private static async Task<SettingsException> RefusedAsync(string database, params string[] settings)
    {
        await using var silo = TestSilo.Create(database, settings);
        var fault = await Assert.ThrowsAsync<SettingsException>(silo.StartAsync);
        Assert.DoesNotContain('\n', fault.Message);
        return fault;
    }

    private static async Task<string> StoredAsync(string database) =>
        (string)(await RunAsync(database, "SELECT value FROM settings WHERE name = 'signing_key_private'"))!;

    private static async Task<object?> RunAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
