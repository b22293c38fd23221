using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using OrleansMatrix.Federation.Discovery;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Federation.Tests;

public sealed class SrvClientTests
{
    private const string Name = "_matrix-fed._tcp.example.org";

    [Fact]
    public async Task Records_are_read_over_UDP_with_compressed_names()
    {
        using var server = Bind();
        var answering = Task.Run(async () =>
        {
            var query = new byte[512];
            var got = await server.ReceiveFromAsync(query, new IPEndPoint(IPAddress.Any, 0));
            var question = query[..got.ReceivedBytes];
            // A forged datagram with another id comes first and is passed over.
            var forged = Answer(question, 0);
            forged[0] ^= 1;
            await server.SendToAsync(forged, got.RemoteEndPoint);
            await server.SendToAsync(Answer(question, 2), got.RemoteEndPoint);
        });
        var records = await Client(server).LookupAsync(Name, CancellationToken.None);
        await answering;
        Assert.Equal([new SrvRecord(5, 7, 8448, "hs.example.org"), new SrvRecord(5, 7, 8448, "hs.example.org")], records);
    }

    [Fact]
    public async Task A_cut_answer_is_asked_for_again_over_TCP()
    {
        using var udp = Bind();
        using var tcp = new TcpListener((IPEndPoint)udp.LocalEndPoint!);
        tcp.Start();
        var answering = Task.Run(async () =>
        {
            var query = new byte[512];
            var got = await udp.ReceiveFromAsync(query, new IPEndPoint(IPAddress.Any, 0));
            var cut = Answer(query[..got.ReceivedBytes], 0);
            cut[2] |= 0x02;
            await udp.SendToAsync(cut, got.RemoteEndPoint);
            using var client = await tcp.AcceptTcpClientAsync();
            var stream = client.GetStream();
            var length = new byte[2];
            await stream.ReadExactlyAsync(length);
            var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
            await stream.ReadExactlyAsync(question);
            var whole = Answer(question, 3);
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)whole.Length);
            await stream.WriteAsync(length);
            await stream.WriteAsync(whole);
        });
        var records = await Client(udp).LookupAsync(Name, CancellationToken.None);
        await answering;
        Assert.Equal(3, records.Count);
    }

    [Fact]
    public void Hostile_answers_give_records_or_none_but_no_fault()
    {
        var query = DnsMessage.WriteQuery(1, Name)!;
        var answer = Answer(query, 2);
        var random = new Random(3);
        for (var i = 0; i < 20_000; i++)
        {
            var mutated = answer[..random.Next(query.Length, answer.Length + 1)];
            for (var flips = random.Next(6); flips > 0; flips--)
                mutated[random.Next(2, mutated.Length)] = (byte)random.Next(256);
            if (DnsMessage.Answers(mutated, query))
                Assert.InRange(DnsMessage.ReadRecords(mutated, query.Length).Count, 0, 100);
        }
    }

    [Fact]
    public void A_name_that_points_at_itself_ends()
    {
        var query = DnsMessage.WriteQuery(1, Name)!;
        var loop = (byte)query.Length;
        byte[] answer = [.. query, 0xc0, loop, 0, 33, 0, 1, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 1, 0];
        answer[2] |= 0x80;
        answer[7] = 1;
        Assert.Empty(DnsMessage.ReadRecords(answer, query.Length));
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData("")]
    public void Names_that_DNS_cannot_hold_are_not_asked_for(string name) => Assert.Null(DnsMessage.WriteQuery(1, name));

    private static SrvClient Client(Socket server) => new([(IPEndPoint)server.LocalEndPoint!], new SeededRandom(1), TimeProvider.System);

    private static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    /// <summary>An answer with that many records whose target is "hs." + a pointer at "example.org" in the question.</summary>
    private static byte[] Answer(byte[] query, int records)
    {
        var zone = (byte)(12 + "\u000b_matrix-fed\u0004_tcp".Length);
        var answer = new List<byte>(query);
        for (var i = 0; i < records; i++)
            answer.AddRange([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 11, 0, 5, 0, 7, 0x21, 0x00, 2, (byte)'h', (byte)'s', 0xc0, zone]);
        answer[2] |= 0x80;
        answer[7] = (byte)records;
        return [.. answer];
    }
}
