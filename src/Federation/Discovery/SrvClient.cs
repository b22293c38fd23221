using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using OrleansMatrix.Protocol;

namespace OrleansMatrix.Federation.Discovery;

/// <summary>
/// SRV look-ups over the system's name servers: UDP, twice each, then TCP where the answer was cut. .NET has no SRV look-up of its own (System.Net.Dns knows
/// addresses and names only) and no library for it is at hand.
/// </summary>
public sealed class SrvClient(IReadOnlyList<IPEndPoint> nameServers, IRandom random, TimeProvider time) : ISrvLookup
{
    private const int Tries = 2, MaxAnswer = 65535;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The name servers of resolv.conf; none if it cannot be read.</summary>
    public static IReadOnlyList<IPEndPoint> SystemNameServers(string path = "/etc/resolv.conf")
    {
        if (!File.Exists(path))
            return [];
        var servers = new List<IPEndPoint>();
        foreach (var line in File.ReadLines(path))
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var address, ..] && IPAddress.TryParse(address, out var parsed))
                servers.Add(new IPEndPoint(parsed, 53));
        }
        return servers;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SrvRecord>> LookupAsync(string name, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            foreach (var server in nameServers)
            {
                var id = new byte[2];
                random.Fill(id);
                if (DnsMessage.WriteQuery(BinaryPrimitives.ReadUInt16BigEndian(id), name) is not { } query)
                    return [];
                using var patience = new CancellationTokenSource(Patience, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
                try
                {
                    var answer = await AskByUdpAsync(server, query, either.Token);
                    if (DnsMessage.IsTruncated(answer))
                        answer = await AskByTcpAsync(server, query, either.Token);
                    return DnsMessage.Answers(answer, query) ? DnsMessage.ReadRecords(answer, query.Length) : [];
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    // No answer: the next server, or once more.
                }
                catch (Exception e) when (e is SocketException or IOException)
                {
                    // Not reachable: the next server.
                }
            }
        }
        return [];
    }

    private static async Task<byte[]> AskByUdpAsync(IPEndPoint server, byte[] query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(query, cancellationToken);
        var buffer = new byte[MaxAnswer];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancellationToken);
            // Stray and forged datagrams are passed over.
            if (DnsMessage.Answers(buffer.AsSpan(0, length), query))
                return buffer[..length];
        }
    }

    private static async Task<byte[]> AskByTcpAsync(IPEndPoint server, byte[] query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        var framed = new byte[query.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellationToken);
        await stream.ReadExactlyAsync(framed.AsMemory(0, 2), cancellationToken);
        var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(framed)];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        return answer;
    }
}
