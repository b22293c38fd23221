using System.Diagnostics;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Silo.Tests;

/// <summary>Wrong settings stop the start with one clear line that names the key.</summary>
public sealed class StartTests
{
    [Theory]
    [InlineData("--Matrix:ServerName=a b", "Matrix:ServerName: ")]
    [InlineData("--Matrix:Typo=1", "Matrix:Typo: ")]
    [InlineData("--Matrix:DefaultRoomVersion=13", "Matrix:DefaultRoomVersion: ")]
    [InlineData("--Matrix:Database=Host=127.0.0.1;Port=1;Username=x", "Matrix:Database: ")]
    [InlineData("--Matrix:Database=nonsense", "Matrix:Database: ")]
    [InlineData("--Matrix:DataDirectory=/proc/none", "Matrix:DataDirectory: ")]
    [InlineData("--Matrix:Media:Folder=/proc/none", "Matrix:Media:Folder: ")]
    [InlineData("--Matrix:KeySecret=0123456789abcdef0123456789abcdef", "Matrix:KeySecret: ")]
    [InlineData("--urls=http://127.0.0.1:99999", "urls: ")]
    [InlineData("--Kestrel:Endpoints:Http:Url=nonsense", "Kestrel:Endpoints:Http:Url: ")]
    [InlineData("--Kestrel:Certificates:Default:Path=/nowhere.pem", "Kestrel:Certificates:Default:Path: ")]
    public async Task A_wrong_setting_stops_the_start(string argument, string line)
    {
        using var folder = new TemporaryFolder();
        var (exitCode, output, errors) = await RunAsync(
            $"--Matrix:DataDirectory={folder.Path}", "--urls=http://127.0.0.1:0", "--Matrix:Cluster:SiloPort=0", "--Matrix:Cluster:GatewayPort=0", argument);
        Assert.Equal(1, exitCode);
        Assert.StartsWith(line, errors);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.DoesNotContain("fail:", output);
    }

    [Theory]
    [InlineData("user", "create", "alice")]
    [InlineData("start")]
    [InlineData("--ServerName=example.org")]
    [InlineData("--Matrix:ServerName")]
    [InlineData("users", "list", "--Matrx:ServerName=example.org")]
    public async Task A_mistyped_command_starts_nothing(params string[] arguments)
    {
        var (exitCode, output, errors) = await RunAsync(arguments);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_database_stays_with_the_name_and_the_key_of_its_server()
    {
        using var folder = new TemporaryFolder();
        var data = $"--Matrix:DataDirectory={folder.Path}";
        Assert.Equal(0, (await RunAsync(["users", "create", "alice", "--new", "--password-stdin", data], "secret\n")).ExitCode);
        await (await SiloProcess.StartAsync(folder.Path, database: "")).DisposeAsync();

        var (exitCode, _, errors) = await RunAsync(data, "--urls=http://127.0.0.1:0", "--Matrix:ServerName=example.org");
        Assert.Equal(1, exitCode);
        Assert.StartsWith("Matrix:ServerName: is 'example.org', but the database", errors);
        Assert.Equal(1, (await RunAsync(["users", "create", "bob", "--password-stdin", data, "--Matrix:ServerName=example.org"], "secret\n")).ExitCode);

        File.Delete(folder.File("signing.key"));
        (exitCode, _, errors) = await RunAsync(data, "--urls=http://127.0.0.1:0");
        Assert.Equal(1, exitCode);
        Assert.StartsWith("Matrix:DataDirectory: signing.key", errors);
    }

    [Fact]
    public async Task A_command_does_not_make_a_database_unasked()
    {
        using var folder = new TemporaryFolder();
        var missing = folder.File("none");
        var (exitCode, _, errors) = await RunAsync(["users", "create", "alice", "--password-stdin", $"--Matrix:DataDirectory={missing}"], "secret\n");
        Assert.Equal(1, exitCode);
        Assert.Contains(missing, errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(missing));
    }

    [Fact]
    public async Task Accounts_and_tokens_are_made_without_a_server()
    {
        using var folder = new TemporaryFolder();
        var data = $"--Matrix:DataDirectory={folder.Path}";
        var (exitCode, output, _) = await RunAsync(["users", "create", "alice", "--admin", "--new", "--password-stdin", data], "secret\n");
        Assert.Equal((0, $"Created @alice:localhost, a server administrator, in {folder.Path}\n"), (exitCode, output));
        Assert.Equal((1, "", "@alice:localhost exists already\n"), await RunAsync(["users", "create", "alice", "--password-stdin", data], "secret\n"));
        Assert.Equal(1, (await RunAsync("users", "create", "A B", data)).ExitCode);
        Assert.Equal("@alice:localhost admin\n", (await RunAsync("users", "list", data)).Output);
        var token = (await RunAsync("tokens", "create", "--uses", "2", data)).Output.Trim();
        Assert.Equal($"{token}: used 0 of 2\n", (await RunAsync("tokens", "list", data)).Output);
    }

    private static Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => RunAsync(arguments, "");

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string[] arguments, string input)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "OrleansMatrix.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await errors);
    }
}
