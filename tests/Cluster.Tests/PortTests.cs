using System.Net;
using System.Net.Sockets;
using OrleansMatrix.Silo;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

public sealed class PortTests(PostgresCluster postgres)
{
    [Theory(Timeout = 120_000)]
    [InlineData("SiloPort")]
    [InlineData("GatewayPort")]
    public async Task A_port_that_is_taken_stops_the_start_with_one_line_that_names_the_key(string key)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var database = await postgres.CreateDatabaseAsync();
        using var data = new TemporaryFolder();
        var fault = Assert.Throws<SettingsException>(() => MatrixServer.Build(
            [$"--Matrix:DataDirectory={data.Path}", $"--Matrix:Database={database}", "--Matrix:Cluster:SiloPort=0", "--Matrix:Cluster:GatewayPort=0",
                $"--Matrix:Cluster:{key}={port}"]));
        Assert.StartsWith($"Matrix:Cluster:{key}: 127.0.0.1:{port} ", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }
}
