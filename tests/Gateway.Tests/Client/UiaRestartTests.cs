using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Client;

/// <summary>A session of user-interactive authentication goes on after the silo that had it has stopped or died.</summary>
public sealed class UiaRestartTests
{
    private const string Secret = "a password that nobody else knows";

    [Fact]
    public async Task A_registration_goes_on_after_a_restart_on_SQLite()
    {
        await using var server = new StoredServer("");
        await server.InitializeAsync();
        await GoesOnAsync(server, server.RestartAsync);
    }

    [Fact]
    public async Task A_registration_goes_on_after_a_crash_on_SQLite()
    {
        await using var server = new StoredServer("");
        await server.InitializeAsync();
        await GoesOnAsync(server, server.CrashAsync);
    }

    [Fact]
    public async Task A_registration_goes_on_after_a_restart_on_PostgreSQL()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        await using var server = new StoredServer(await cluster.CreateDatabaseAsync());
        await server.InitializeAsync();
        await GoesOnAsync(server, server.RestartAsync);
    }

    private static async Task GoesOnAsync(StoredServer server, Func<Task> restart)
    {
        var storage = server.Services.GetRequiredService<IStorage>();
        var unit = new WriteUnit();
        storage.Accounts.PutRegistrationToken(unit, new RegistrationTokenRow("ticket", 1, 0, null));
        await storage.CommitAsync(unit);
        var session = (await server.Anonymous().PostAsync("v3/register", $$"""{"username":"ann","password":"{{Secret}}"}""")).Fails401();
        await restart();

        // A stage is completed, and the registration fails for another reason.
        var refused = await server.Anonymous().PostAsync(
            "v3/register", $$$"""{"username":"bea","auth":{"type":"m.login.registration_token","token":"ticket","session":"{{{session}}}"}}""");
        Assert.Equal(("M_MISSING_PARAM", 400), (refused.ErrCode, refused.Status));
        await restart();

        // With auth alone: what the first request said is remembered, and the stage need not be repeated.
        var registered = await server.Anonymous().PostAsync("v3/register", $$$"""{"auth":{"session":"{{{session}}}"}}""");
        Assert.Equal($"@ann:{MatrixTestServer.ServerName}", registered.Ok("user_id"));
        var login = await server.Anonymous()
            .PostAsync("v3/login", $$$"""{"type":"m.login.password","identifier":{"type":"m.id.user","user":"ann"},"password":"{{{Secret}}}"}""");
        login.Ok();

        // Neither the password nor the session can be read from what is stored.
        storage = server.Services.GetRequiredService<IStorage>();
        Assert.Null(await storage.GrainStates.GetAsync("uia", session));
        var stored = await storage.GrainStates.GetAsync("uia", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(session))));
        Assert.True(stored!.Payload.Length > Secret.Length);
        Assert.Equal(-1, stored.Payload.Span.IndexOf(Encoding.UTF8.GetBytes(Secret)));
        Assert.Equal(-1, stored.Payload.Span.IndexOf(Encoding.UTF8.GetBytes(session)));

        // It ends by age.
        await storage.GrainStates.PruneAsync("uia", long.MaxValue);
        Assert.Null(await storage.GrainStates.GetAsync("uia", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(session)))));
    }

    private sealed class StoredServer(string database) : MatrixTestServer, IAsyncDisposable
    {
        protected override IReadOnlyList<string> Settings =>
            ["--Matrix:Registration:RequireToken=true", $"--Matrix:Database={database}", "--Matrix:Cluster:GatewayPort=0"];
    }
}

file static class Challenge
{
    /// <summary>The session of a 401 that asks for authentication.</summary>
    public static string Fails401(this Answer answer)
    {
        Assert.Equal(401, answer.Status);
        return answer.Json["session"]!.GetValue<string>();
    }
}
