using System.Diagnostics;
using System.Globalization;

namespace OrleansMatrix.Cluster.Tests.Partitions;

/// <summary>
/// A network of machines that can be cut between any two of them: network namespaces (ip-netns(8)) on one router, which drops what goes from one to the other
/// and tells neither. Nothing of it touches the network of this machine. A shell watches over it and removes it, and what runs in it, when this process is
/// gone, however it went.
/// </summary>
internal sealed class CuttableNetwork : IAsyncDisposable
{
    // "database" has a shell of its own that ends it (PostgresCluster).
    private const string Script = """
        end() {
            for machine; do
                case $machine in silo*) ip netns pids "$0-$machine" | xargs -r kill -9 ;; esac
                ip netns delete "$0-$machine"
            done
            ip netns delete "$0-router"
        }
        trap 'end "$@" 2>/dev/null' EXIT
        trap '' INT TERM HUP
        set -e
        ip netns add "$0-router"
        ip netns exec "$0-router" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
        i=0
        for machine; do
            i=$((i + 1))
            ip netns add "$0-$machine"
            ip -n "$0-router" link add name "to$i" type veth peer name eth0 netns "$0-$machine"
            ip -n "$0-router" address add "10.0.$i.1/24" dev "to$i"
            ip -n "$0-router" link set "to$i" up
            ip -n "$0-$machine" address add "10.0.$i.2/24" dev eth0
            ip -n "$0-$machine" link set lo up
            ip -n "$0-$machine" link set eth0 up
            ip -n "$0-$machine" route add default via "10.0.$i.1"
        done
        echo done
        while read -r change; do
            ip -n "$0-router" $change
            echo done
        done
        """;

    private readonly string _prefix = "om-" + Guid.NewGuid().ToString("N")[..8];
    private readonly string[] _machines;
    private readonly Process _shell;

    private CuttableNetwork(string[] machines)
    {
        _machines = machines;
        _shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script, _prefix, .. machines])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    /// <summary>Makes the network; skips the test where that is not possible, or fails it if CI is true.</summary>
    public static async Task<CuttableNetwork> CreateAsync(params string[] machines)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("network namespaces take root");
        var network = new CuttableNetwork(machines);
        if (await network._shell.StandardOutput.ReadLineAsync() is null)
        {
            var reason = "network namespaces cannot be made: " + await network._shell.StandardError.ReadToEndAsync();
            await network.DisposeAsync();
            if (Environment.GetEnvironmentVariable("CI") == "true")
                Assert.Fail(reason);
            Assert.Skip(reason);
        }

        return network;
    }

    /// <summary>The network namespace of a machine.</summary>
    public string NamespaceOf(string machine) => $"{_prefix}-{machine}";

    public string AddressOf(string machine) => string.Create(CultureInfo.InvariantCulture, $"10.0.{NumberOf(machine)}.2");

    /// <summary>Nothing gets from one of them to the other, either way.</summary>
    public Task CutAsync(string one, string other) => ChangeBothAsync("add", one, other);

    public Task MendAsync(string one, string other) => ChangeBothAsync("delete", one, other);

    public async ValueTask DisposeAsync()
    {
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync();
        _shell.Dispose();
    }

    private int NumberOf(string machine) => Array.IndexOf(_machines, machine) + 1;

    private async Task ChangeBothAsync(string verb, string one, string other)
    {
        await ChangeAsync(verb, one, other);
        await ChangeAsync(verb, other, one);
    }

    private async Task ChangeAsync(string verb, string from, string to)
    {
        await _shell.StandardInput.WriteLineAsync($"rule {verb} iif to{NumberOf(from)} to {AddressOf(to)} blackhole");
        await _shell.StandardInput.FlushAsync();
        if (await _shell.StandardOutput.ReadLineAsync() is null)
            throw new InvalidOperationException(await _shell.StandardError.ReadToEndAsync());
    }
}
