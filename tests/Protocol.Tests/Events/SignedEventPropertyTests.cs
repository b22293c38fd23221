using System.Text;
using FsCheck;
using FsCheck.Fluent;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Tests.Json;

namespace OrleansMatrix.Protocol.Tests.Events;

public class SignedEventPropertyTests
{
    private static readonly string[] s_types =
    [
        EventTypes.Create, EventTypes.Member, EventTypes.JoinRules, EventTypes.PowerLevels, EventTypes.Aliases, EventTypes.HistoryVisibility,
        EventTypes.Redaction, EventTypes.Message, "org.example.é\"",
    ];

    private static readonly Arbitrary<(ObjectNode Content, RoomVersion Version, string Type, int Seed)> s_events =
        (from content in JsonNodes.Objects.Generator
         from version in Gen.Elements(RoomVersion.All.ToArray())
         from type in Gen.Elements(s_types)
         from seed in Gen.Choose(0, int.MaxValue)
         select (content, version, type, seed)).ToArbitrary();

    private static Pdu Build((ObjectNode Content, RoomVersion Version, string Type, int Seed) e) =>
        TestEvents.Build(e.Version, e.Type, JsonNodes.Spell(e.Content, new Random(e.Seed)), stateKey: "", redacts: e.Type == EventTypes.Redaction ? "$x:y"
            : null);

    // Reads the event into the model and spells it in another order, with other white space and escapes.
    private static string Respell(Pdu pdu, int seed) =>
        JsonNodes.Spell(JsonNodes.FromElement(TestFiles.Parse(Encoding.UTF8.GetString(pdu.Json.Span))), new Random(seed));

    [Fact]
    public void Redaction_is_idempotent_and_keeps_id_and_signatures() =>
        Prop.ForAll(s_events, e =>
        {
            var pdu = Build(e);
            var once = Redaction.Redact(pdu);
            var parsed = Pdu.Parse(once.Json, e.Version).Value;
            return Redaction.Redact(once).Json.Span.SequenceEqual(once.Json.Span) &&
                parsed.EventId == pdu.EventId &&
                EventSignatures.Verify(once, TestEvents.FindKey).IsAcceptable;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Signatures_and_ids_hold_in_every_spelling() =>
        Prop.ForAll(s_events, e =>
        {
            var pdu = Build(e);
            var other = Pdu.Parse(Encoding.UTF8.GetBytes(Respell(pdu, e.Seed)), e.Version).Value;
            return other.EventId == pdu.EventId &&
                other.Json.Span.SequenceEqual(pdu.Json.Span) &&
                EventSignatures.Verify(other, TestEvents.FindKey).Outcome == EventCheckOutcome.Valid;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void No_signed_value_can_be_changed() =>
        Prop.ForAll(s_events, e =>
        {
            var pdu = Redaction.Redact(Build(e));
            // unsigned and signatures are the two members outside the signature; a redacted event has no unsigned.
            foreach (var changed in Changes((ObjectNode)JsonNodes.FromElement(TestFiles.Parse(Encoding.UTF8.GetString(pdu.Json.Span)))))
            {
                if (Pdu.Parse(Encoding.UTF8.GetBytes(JsonNodes.Canonical(changed)), e.Version).TryGet(out var forged, out _) &&
                    EventSignatures.Verify(forged, (_, _) => TestEvents.FindKey("example.org", "ed25519:1")).IsAcceptable &&
                    // A redacted event whose hash does not match is redacted again: what redaction drops does not matter.
                    !Redaction.Redact(forged).Json.Span.SequenceEqual(pdu.Json.Span))
                    return false;
            }

            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    /// <summary>The object with one value changed, for each value but the signatures.</summary>
    private static IEnumerable<ObjectNode> Changes(ObjectNode node)
    {
        for (var i = 0; i < node.Members.Count; i++)
        {
            var (key, value) = node.Members[i];
            if (key == "signatures")
                continue;
            foreach (var other in Others(value))
                yield return new ObjectNode([.. node.Members.Take(i), KeyValuePair.Create(key, other), .. node.Members.Skip(i + 1)]);
        }
    }

    private static IEnumerable<JsonNodeModel> Others(JsonNodeModel value) => value switch
    {
        TextNode text => [new TextNode(text.Value + "x"), new TextNode(text.Value.Length > 1 ? text.Value[..1] + "y" + text.Value[2..] : "z")],
        IntegerNode number => [new IntegerNode(number.Value ^ 1)],
        ArrayNode array => [new ArrayNode([.. array.Items, new TextNode("$new:example.org")]), new ArrayNode([.. array.Items.Skip(1), new TextNode("$n")])],
        ObjectNode obj => Changes(obj).Append(new ObjectNode([.. obj.Members, KeyValuePair.Create("added", (JsonNodeModel)new IntegerNode(1))])),
        _ => [new IntegerNode(1)],
    };
}
