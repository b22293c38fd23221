using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace OrleansMatrix.Federation.Tests;

/// <summary>A name server on a port of its own that answers, by UDP and TCP, what a test says.</summary>
internal sealed class LoopbackNameServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly TcpListener _tcp;
    private readonly Task _serving;
    private int _asked;

    /// <summary>Starts to answer.</summary>
    /// <param name="byUdp">The datagrams that answer a question, none for silence; it is called for one question at a time.</param>
    /// <param name="byTcp">The answer by TCP; without it the port is closed.</param>
    public LoopbackNameServer(Func<byte[], IEnumerable<byte[]>> byUdp, Func<byte[], byte[]>? byTcp = null)
    {
        _udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _tcp = new TcpListener(EndPoint);
        if (byTcp is not null)
            _tcp.Start();
        _serving = Task.WhenAll(ServeUdpAsync(byUdp), byTcp is null ? Task.CompletedTask : ServeTcpAsync(byTcp));
    }

    public IPEndPoint EndPoint => (IPEndPoint)_udp.LocalEndPoint!;

    /// <summary>How many questions came.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _tcp.Dispose();
        _udp.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => _serving);
        _stop.Dispose();
    }

    /// <summary>An answer with that many SRV records for <c>hs.</c> and the question's last two labels, by a pointer.</summary>
    public static byte[] Answer(byte[] query, int records, ushort port = 8448)
    {
        var (question, zone) = Question(query);
        var answer = new List<byte>(question);
        for (var i = 0; i < records; i++)
        {
            answer.AddRange(
            [
                0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 11, 0, 5, 0, 7, (byte)(port >> 8), (byte)port, 2, (byte)'h', (byte)'s', 0xc0, (byte)zone,
            ]);
        }

        return Finish(answer, records);
    }

    /// <summary>An answer with one SRV record whose target is these bytes.</summary>
    public static byte[] AnswerWithTarget(byte[] query, params byte[] target) => Finish(
        [.. Question(query).Bytes, 0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, (byte)(6 + target.Length), 0, 5, 0, 7, 0x21, 0x00, .. target], 1);

    /// <summary>The header and question of a query, and where its last two labels begin.</summary>
    public static (byte[] Bytes, int Zone) Question(byte[] query)
    {
        var labels = new List<int>();
        var at = 12;
        for (; query[at] != 0; at += query[at] + 1)
            labels.Add(at);
        return (query[..(at + 5)], labels.Count < 2 ? at : labels[^2]);
    }

    private static byte[] Finish(List<byte> answer, int records)
    {
        answer[2] |= 0x80;
        answer[7] = (byte)records;

        // Neither authorities nor what EDNS adds to the query.
        for (var i = 8; i < 12; i++)
            answer[i] = 0;
        return [.. answer];
    }

    private async Task ServeUdpAsync(Func<byte[], IEnumerable<byte[]>> byUdp)
    {
        var query = new byte[2048];
        while (true)
        {
            var got = await _udp.ReceiveFromAsync(query, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
            Interlocked.Increment(ref _asked);
            foreach (var datagram in byUdp(query[..got.ReceivedBytes]))
                await _udp.SendToAsync(datagram, got.RemoteEndPoint, _stop.Token);
        }
    }

    private async Task ServeTcpAsync(Func<byte[], byte[]> byTcp)
    {
        while (true)
        {
            using var client = await _tcp.AcceptTcpClientAsync(_stop.Token);
            var stream = client.GetStream();
            var length = new byte[2];
            await stream.ReadExactlyAsync(length, _stop.Token);
            var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
            await stream.ReadExactlyAsync(query, _stop.Token);
            var answer = byTcp(query);
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
            await stream.WriteAsync(length, _stop.Token);
            await stream.WriteAsync(answer, _stop.Token);
        }
    }
}
