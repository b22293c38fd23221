using DnsClient;
using OrleansMatrix.Federation.Discovery;
using static OrleansMatrix.Federation.Tests.LoopbackNameServer;

namespace OrleansMatrix.Federation.Tests;

public sealed class SrvClientTests
{
    private const string Name = "_matrix-fed._tcp.example.org";
    private static readonly SrvRecord s_record = new(5, 7, 8448, "hs.example.org");

    [Fact]
    public async Task Records_are_read_over_UDP_with_compressed_names()
    {
        var isFirst = true;
        await using var server = new LoopbackNameServer(query =>
        {
            // A forged answer with another id comes first and is not taken.
            var forged = Answer(query, 1, port: 666);
            forged[0] ^= 1;
            byte[][] answers = isFirst ? [forged, Answer(query, 2)] : [Answer(query, 2)];
            isFirst = false;
            return answers;
        });
        Assert.Equal([s_record, s_record], await LookupAsync(server));
    }

    [Fact]
    public async Task A_cut_answer_is_asked_for_again_over_TCP()
    {
        await using var server = new LoopbackNameServer(
            query =>
            {
                var cut = Answer(query, 0);
                cut[2] |= 0x02;
                return [cut];
            },
            query => Answer(query, 3));
        Assert.Equal([s_record, s_record, s_record], await LookupAsync(server));
    }

    [Fact]
    public async Task An_answer_to_another_question_is_not_taken()
    {
        await using var server = new LoopbackNameServer(query =>
        {
            var other = Answer(query, 1);
            other[13] ^= 1;
            return [other];
        });
        Assert.Empty(await LookupAsync(server));
    }

    [Fact]
    public async Task An_answer_is_remembered()
    {
        await using var server = new LoopbackNameServer(query => [Answer(query, 1)]);
        var client = Client(server);
        for (var i = 0; i < 3; i++)
            Assert.Equal([s_record], await client.LookupAsync(Name, CancellationToken.None));
        Assert.Equal(1, server.Asked);
    }

    [Fact]
    public async Task That_there_are_no_records_is_remembered()
    {
        await using var server = new LoopbackNameServer(query =>
        {
            var none = Answer(query, 0);
            none[3] |= 3; // NXDOMAIN
            return [none];
        });
        var client = Client(server);
        for (var i = 0; i < 3; i++)
            Assert.Empty(await client.LookupAsync(Name, CancellationToken.None));
        Assert.Equal(1, server.Asked);
    }

    [Fact]
    public async Task A_silent_server_is_asked_twice_and_given_up()
    {
        await using var server = new LoopbackNameServer(static _ => []);
        Assert.Empty(await LookupAsync(server, TimeSpan.FromMilliseconds(200)));
        Assert.Equal(2, server.Asked);
    }

    [Fact]
    public async Task Who_gives_up_does_not_wait_for_the_server()
    {
        using var stop = new CancellationTokenSource();
        await using var server = new LoopbackNameServer(_ =>
        {
            stop.Cancel();
            return [];
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client(server, TimeSpan.FromHours(1)).LookupAsync(Name, stop.Token));
    }

    [Fact]
    public async Task A_target_that_is_the_root_is_no_record()
    {
        await using var server = new LoopbackNameServer(query => [AnswerWithTarget(query, 0)]);
        Assert.Empty(await LookupAsync(server));
    }

    [Fact]
    public async Task A_name_that_points_at_itself_ends()
    {
        await using var server =
            new LoopbackNameServer(query => [AnswerWithTarget(query, 0xc0, (byte)(Question(query).Bytes.Length + 18))], query => Answer(query, 0));
        Assert.Empty(await LookupAsync(server));
    }

    [Fact]
    public async Task Hostile_answers_give_records_or_none_but_no_fault()
    {
        var random = new Random(3);
        byte[] Mutate(byte[] query)
        {
            var (answer, question) = (Answer(query, 2), Question(query).Bytes.Length);
            answer = answer[..random.Next(question, answer.Length + 1)];
            for (var flips = random.Next(6); flips > 0; flips--)
                answer[random.Next(2, answer.Length)] = (byte)random.Next(256);
            return answer;
        }

        // By TCP the answer is whole: what cannot be read by UDP is asked for there.
        await using var server = new LoopbackNameServer(query => [Mutate(query)], query => Answer(query, 1));
        var client = Client(server, TimeSpan.FromSeconds(10), isCaching: false);
        for (var i = 0; i < 1000; i++)
            Assert.InRange((await client.LookupAsync(Name, CancellationToken.None)).Count, 0, 100);
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData("")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123.example.org")]
    public async Task Names_that_DNS_cannot_hold_have_no_records(string name)
    {
        await using var server = new LoopbackNameServer(query => [Answer(query, 0)]);
        Assert.Empty(await Client(server).LookupAsync(name, CancellationToken.None));
    }

    private static Task<IReadOnlyList<SrvRecord>> LookupAsync(LoopbackNameServer server, TimeSpan? patience = null) =>
        Client(server, patience).LookupAsync(Name, CancellationToken.None);

    private static SrvClient Client(LoopbackNameServer server, TimeSpan? patience = null, bool isCaching = true)
    {
        var options = SrvClient.WithRules(new LookupClientOptions(server.EndPoint));
        options.UseCache = isCaching;

        // A machine that is busy answers itself late; only what is about silence is short.
        options.Timeout = patience ?? TimeSpan.FromMinutes(1);
        return new SrvClient(options);
    }
}
