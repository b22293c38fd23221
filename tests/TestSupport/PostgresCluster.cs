using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Xunit;

namespace OrleansMatrix.TestSupport;

/// <summary>
/// A throw-away PostgreSQL cluster from the machine's own binaries, on a unix socket in a temporary folder. Started at the first use, one for a test run
/// (<c>[assembly: AssemblyFixture(typeof(PostgresCluster))]</c>). A shell watches over it and removes it when this process is gone, however it went.
/// </summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    private const string Script = """
        set -e
        where=
        as_postgres() { if [ "$(id -u)" = 0 ]; then $where runuser -u postgres -- "$@"; else "$@"; fi; }
        dir=$(mktemp -d /tmp/om-pg-XXXXXX)
        if [ "$(id -u)" = 0 ]; then chown postgres: "$dir"; fi
        trap 'as_postgres "$0/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1; rm -rf "$dir"' EXIT
        trap '' INT TERM HUP
        cd /
        as_postgres "$0/initdb" -D "$dir/data" -A trust -U postgres --no-sync -E UTF8 --locale=C >"$dir/initdb.log" 2>&1
        if [ -n "$2" ]; then echo 'host all all all trust' >>"$dir/data/pg_hba.conf"; fi
        where=${1:+ip netns exec $1}
        as_postgres "$0/pg_ctl" -D "$dir/data" -w -l "$dir/log" -o "-p 5432 -k $dir -c listen_addresses=$2 -c fsync=off -c full_page_writes=off -c autovacuum=off -c max_connections=200" start >/dev/null 2>&1
        where=
        echo "$dir"
        cat >/dev/null
        """;

    private readonly Lock _gate = new();
    private Task<string>? _started;
    private Process? _shell;
    private int _databases;
    private string _network = "";
    private string _address = "";

    /// <summary>Starts a cluster of its own, for callers that do not share one; skips the test where PostgreSQL is missing.</summary>
    /// <param name="network">The network namespace that it runs in, if not this process' own; that takes root.</param>
    /// <param name="address">Where it listens besides its socket, to whoever can reach that.</param>
    public static async Task<PostgresCluster> StartAsync(string network = "", string address = "")
    {
        var cluster = new PostgresCluster { _network = network, _address = address };
        await cluster.FolderAsync();
        return cluster;
    }

    /// <summary>
    /// Creates an empty database and gives its connection string. Where PostgreSQL is missing, skips the test, or fails it if CI is true.
    /// </summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var folder = await FolderAsync();
        var name = string.Create(CultureInfo.InvariantCulture, $"test{Interlocked.Increment(ref _databases)}");
        await using var connection = new NpgsqlConnection(ConnectionString(folder, "postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var create = connection.CreateCommand();
#pragma warning disable CA2100 // The name is ours.
        create.CommandText = $"CREATE DATABASE {name}";
#pragma warning restore CA2100
        await create.ExecuteNonQueryAsync();
        return ConnectionString(folder, name);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_shell is null) return;
        NpgsqlConnection.ClearAllPools();
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync();
        _shell.Dispose();
    }

    private static string ConnectionString(string folder, string database) => $"Host={folder};Port=5432;Username=postgres;Database={database}";

    private Task<string> FolderAsync()
    {
        lock (_gate) return _started ??= Task.Run(Start);
    }

    private async Task<string> Start()
    {
        var binaries = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin"))
            .Where(bin => File.Exists(Path.Combine(bin, "initdb"))).Max(StringComparer.Ordinal)
            : null;
        if (binaries is null)
        {
            const string reason = "PostgreSQL is not installed in /usr/lib/postgresql";
            if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(reason);
            Assert.Skip(reason);
        }
        _shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script, binaries, _network, _address])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        return await _shell.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("PostgreSQL did not start");
    }
}
