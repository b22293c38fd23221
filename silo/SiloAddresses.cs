using System.Data.Common;
using System.Net;
using System.Net.Sockets;

namespace OrleansMatrix.Silo;

/// <summary>Where the other silos of the cluster reach this one.</summary>
internal static class SiloAddresses
{
    private const int PostgresPort = 5432;
    private static readonly string[] s_hostKeys = ["Host", "Server"];

    /// <summary>
    /// The address of the interface that reaches the database: silos that share it reach each other the same way. A database on this machine (loopback or a
    /// socket file) is shared by silos of this machine only.
    /// </summary>
    /// <exception cref="SettingsException">The database's host has no address or cannot be reached.</exception>
    public static IPAddress TowardsDatabase(DbConnectionStringBuilder database)
    {
        var host = s_hostKeys.Select(key => database.TryGetValue(key, out var value) ? value?.ToString() : null)
            .FirstOrDefault(static value => !string.IsNullOrEmpty(value));

        // Of several hosts, and with a port behind a host, Npgsql takes the first that answers; all are in one network.
        host = host?.Split(',')[0].Trim();
        if (host is null || host.StartsWith('/') || host.StartsWith('@'))
            return IPAddress.Loopback;
        if (host.Count(static c => c == ':') == 1)
            host = host[..host.IndexOf(':', StringComparison.Ordinal)];
        try
        {
            var address = IPAddress.TryParse(host, out var given) ? given : Dns.GetHostAddresses(host)[0];

            // Connecting a datagram socket sends nothing: it asks the routing table.
            using var probe = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            probe.Connect(address, PostgresPort);
            return ((IPEndPoint)probe.LocalEndPoint!).Address;
        }
        catch (SocketException fault)
        {
            throw new SettingsException(
                "Matrix:Database", $"the way to '{host}' was not found ({fault.Message}); Matrix:Cluster:Address names the address of this silo");
        }
    }

    /// <summary>Looks whether a port can be listened on, before Orleans does: its faults name no key.</summary>
    /// <exception cref="SettingsException">It is taken, or the address is none of this machine.</exception>
    public static void Check(string key, IPAddress address, int port)
    {
        try
        {
            using var probe = new TcpListener(address, port);
            probe.Start();
        }
        catch (SocketException fault)
        {
            throw new SettingsException($"Matrix:Cluster:{key}", $"{new IPEndPoint(address, port)} cannot be listened on: {fault.Message}");
        }
    }

    /// <summary>A port that nothing listens on now.</summary>
    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Any, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
