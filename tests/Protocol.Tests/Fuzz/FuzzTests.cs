using System.Diagnostics;
using System.Text;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Protocol.Tests.Events;

namespace OrleansMatrix.Protocol.Tests.Fuzz;

/// <summary>Arbitrary bytes give a value or an error: never an exception, a hang, or memory out of proportion.</summary>
public class FuzzTests
{
    private const int Rounds = 20_000;
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(20);

    private static readonly byte[][] s_events =
    [
        .. RoomVersion.All.SelectMany(v => new[]
        {
            TestEvents.Build(v),
            TestEvents.Build(v, EventTypes.Member, """{"membership":"join","join_authorised_via_users_server":"@a:b","third_party_invite":{"signed":{}}}""",
            "@u:example.org"),
            TestEvents.Build(v, EventTypes.PowerLevels, """{"users":{"@u:example.org":100},"x":[1,{"é\"\\":null}]}""", "", unsigned: """{"age":1}"""),
        }).Select(p => p.Json.ToArray()),
    ];

    /// <summary>
    /// Runs one input; memory may be 100 times its size, and a little for what has no size. Twice, if the first run took more: what the runtime
    /// allocates once, such as the texts of its exceptions, is not the input's doing.
    /// </summary>
    private static void Run(byte[] input, Action<byte[]> target)
    {
        var most = (100L * input.Length) + 32_768;
        if (Measure(input, target) <= most)
            return;
        var allocated = Measure(input, target);
        Assert.True(allocated <= most, $"{allocated} bytes for {input.Length}: {Convert.ToBase64String(input)}");
    }

    private static long Measure(byte[] input, Action<byte[]> target)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target(input);
        }
        catch (Exception e)
        {
            Assert.Fail($"{e.GetType().Name} ({e.Message}) for {Convert.ToBase64String(input)}");
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static void Fuzz(int seed, byte[][] corpus, Action<byte[]> target)
    {
        var mutator = new Mutator(seed, corpus);
        var clock = Stopwatch.StartNew();
        target(corpus[0]);
        for (var i = 0; i < Rounds; i++)
            Run(mutator.Next(), target);
        Assert.True(clock.Elapsed < s_most, $"{Rounds} inputs took {clock.Elapsed}");
    }

    [Fact]
    public void Event_parsing_survives_anything() => Fuzz(1, s_events, input =>
    {
        foreach (var version in new[] { RoomVersion.V1, RoomVersion.V3, RoomVersion.V10, RoomVersion.V12 })
        {
            if (!Pdu.Parse(input, version).TryGet(out var pdu, out var error))
            {
                Assert.InRange(error.Status, 400, 499);
                continue;
            }

            // Whatever passes the checks can be used in every way.
            _ = pdu.Content.ValueKind;
            Assert.Equal(pdu.EventId, Redaction.Redact(pdu).EventId);
            _ = EventSignatures.Verify(pdu, TestEvents.FindKey);
            _ = EventSignatures.GetRequiredSignatures(pdu);
            Assert.NotEmpty(ClientEvent.ToJson(pdu));
            Assert.Equal(pdu.EventId, Pdu.FromStored(pdu.Json, version, pdu.EventId).EventId);
            Assert.Equal(pdu.EventId, EventSignatures.AddSignature(pdu, "a", "ed25519:1", "AA").EventId);
        }
    });

    [Fact]
    public void Canonical_JSON_survives_anything() => Fuzz(2, s_events, input =>
    {
        foreach (var mode in new[] { CanonicalJsonMode.Strict, CanonicalJsonMode.Lenient })
        {
            if (CanonicalJson.Encode(input, mode).TryGet(out var canonical, out _))
                Assert.True(CanonicalJson.IsCanonical(canonical, mode));
        }
    });

    [Fact]
    public void What_is_accepted_is_what_other_parsers_accept() => Fuzz(3, s_events, input =>
    {
        var accepted = CanonicalJson.Encode(input, CanonicalJsonMode.Lenient).Ok;
        bool valid;
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(input, new() { MaxDepth = JsonText.MaxDepth });
            valid = true;
        }
        catch (System.Text.Json.JsonException)
        {
            valid = false;
        }

        // Lone surrogates, numbers beyond doubles and invalid UTF-8 have no canonical form; all else that is JSON has one.
        if (accepted)
            Assert.True(valid);
        else if (valid)
            Assert.True(HasNoCanonicalForm(input), Encoding.Latin1.GetString(input));
    });

    [Fact]
    public void Signature_objects_survive_anything()
    {
        byte[][] corpus =
        [
            SignedJson.Sign("""{"x":1}"""u8, "example.org", TestEvents.Key).Value,
            ServerKeys.Build(TestEvents.Server, [TestEvents.Key], [], TestEvents.Ts),
            ServerKeys.BuildNotaryResponse([ServerKeys.Build(TestEvents.Server, [TestEvents.Key], [], TestEvents.Ts)], TestEvents.Server, TestEvents.Key),
        ];
        Fuzz(4, corpus, input =>
        {
            VerifyKey? Find(string id) => TestEvents.Key.VerifyKey;
            _ = SignedJson.Check(input, "example.org", Find);
            _ = SignedJson.GetKeyIds(input, "example.org");
            _ = ServerKeys.Parse(input, TestEvents.Ts);
            _ = ServerKeys.ParseNotaryResponse(input, "example.org", Find, TestEvents.Ts);
            if (SignedJson.Sign(input, "example.org", TestEvents.Key).TryGet(out var signed, out _))
                Assert.NotEqual(SignatureCheck.Missing, SignedJson.Check(signed, "example.org", Find));
        });
    }

    [Fact]
    public void Identifiers_survive_anything()
    {
        byte[][] corpus =
        [
            .. new[]
            {
                "@alice:example.org", "!room:[1234::5678]:8448", "$event:1.2.3.4:80", "#älias:example.org:1", "mxc://example.org/media_id-1",
                "ed25519 a_1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1", "$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg",
            }.Select(Encoding.UTF8.GetBytes),
        ];
        Fuzz(5, corpus, input =>
        {
            // Latin-1 and UTF-16 both, so that lone surrogates come up too.
            foreach (var text in new[] { Encoding.Latin1.GetString(input), Encoding.Unicode.GetString(input),
                new string([.. input.Select(b => (char)(b << 8))]) })
            {
                if (UserId.TryParse(text, out var user))
                    Assert.Equal(text, $"@{user.Localpart}:{user.ServerName}");
                if (RoomAlias.TryParse(text, out var alias))
                    Assert.Equal(text, $"#{alias.Localpart}:{alias.ServerName}");
                if (RoomId.TryParse(text, out var room))
                    Assert.True(room.Domain.IsEmpty || ServerName.IsValid(room.Domain));
                if (EventId.TryParse(text, out var id))
                    Assert.True(id.Domain.Length < text.Length);
                if (ServerName.TryParse(text, out var server))
                    Assert.Equal(text, server.Port is null ? server.Host.ToString() : text[..(server.Host.Length + 1)] + text[(server.Host.Length + 1)..]);
                if (MxcUri.TryParse(text, out var uri))
                    Assert.Equal(text, $"mxc://{uri.Domain}/{uri.MediaId}");
                _ = DeviceId.TryParse(text, out _);
                _ = SigningKey.TryParse(text, out _);
                _ = UnpaddedBase64.TryDecode(text, out _);
            }
        });
    }

    [Theory]
    [InlineData("[", "", 4_000_000)]
    [InlineData("{\"a\":", "", 1_000_000)]
    [InlineData("[0", ",0]", 1_000_000)]
    [InlineData("{\"a\":0", ",\"a\":0}", 300_000)]
    [InlineData("\"", "\\u0001\"", 500_000)]
    [InlineData("1", "0", 3_000_000)]
    [InlineData("1e", "0", 3_000_000)]
    public void Large_input_takes_time_and_memory_in_proportion(string start, string end, int repeat)
    {
        var middle = end.Length > 1 ? end[..^1] : end.Length == 1 ? end : start;
        var input = Encoding.UTF8.GetBytes(start + string.Concat(Enumerable.Repeat(middle, repeat)) + end);
        var clock = Stopwatch.StartNew();
        Run(input, bytes =>
        {
            _ = CanonicalJson.Encode(bytes, CanonicalJsonMode.Lenient);
            Assert.False(Pdu.Parse(bytes, RoomVersion.V1).Ok);
        });
        Assert.True(clock.Elapsed < s_most, $"{clock.Elapsed}");
    }

    [Fact]
    public void Objects_in_reverse_order_at_every_level_stay_within_bounds()
    {
        var json = "1";
        for (var depth = 0; depth < JsonText.MaxDepth; depth++)
            json = $"{{\"z\":{json},\"a\":\"{new string('x', 2000)}\"}}";
        var input = Encoding.UTF8.GetBytes(json);
        Run(input, bytes => Assert.True(CanonicalJson.Encode(bytes).Ok));
    }

    private static bool HasNoCanonicalForm(byte[] input)
    {
        var error = CanonicalJson.Encode(input, CanonicalJsonMode.Lenient).Error!.Message;
        return error.Contains("surrogate", StringComparison.Ordinal) || error.Contains("range", StringComparison.Ordinal) ||
            error.Contains("UTF-8", StringComparison.Ordinal);
    }
}
