using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Tests.Json;

public class CanonicalJsonPropertyTests
{
    [Fact]
    public void Every_spelling_of_a_value_has_the_form_of_the_slow_writer() =>
        Prop.ForAll(JsonNodes.Values, ArbMap.Default.ArbFor<int>(), (node, seed) =>
        {
            var spelled = Encoding.UTF8.GetBytes(JsonNodes.Spell(node, new Random(seed)));
            var expected = JsonNodes.Canonical(node);
            return Encoding.UTF8.GetString(CanonicalJson.Encode(spelled).Value) == expected &&
                Encoding.UTF8.GetString(CanonicalJson.Encode(spelled, CanonicalJsonMode.Lenient).Value) == expected;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void The_canonical_form_is_its_own_canonical_form_and_the_same_value() =>
        Prop.ForAll(JsonNodes.Values, ArbMap.Default.ArbFor<int>(), (node, seed) =>
        {
            var spelled = JsonNodes.Spell(node, new Random(seed));
            var canonical = CanonicalJson.Encode(Encoding.UTF8.GetBytes(spelled)).Value;
            return CanonicalJson.IsCanonical(canonical) &&
                JsonElement.DeepEquals(TestFiles.Parse(spelled), TestFiles.Parse(Encoding.UTF8.GetString(canonical)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void A_parsed_element_is_encoded_like_its_text() =>
        Prop.ForAll(JsonNodes.Values, ArbMap.Default.ArbFor<int>(), (node, seed) =>
        {
            using var document = JsonDocument.Parse($"{{\"x\":{JsonNodes.Spell(node, new Random(seed))}}}");
            return Encoding.UTF8.GetString(CanonicalJson.Encode(document.RootElement.GetProperty("x")).Value) == JsonNodes.Canonical(node);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Walking_a_canonical_object_finds_its_members_in_order() =>
        Prop.ForAll(JsonNodes.Objects, node =>
        {
            var canonical = Encoding.UTF8.GetBytes(JsonNodes.Canonical(node));
            var found = new Dictionary<string, string>();
            var members = new CanonicalObject(canonical);
            while (members.MoveNext())
                found.Add(CanonicalObject.ReadKey(members.Key), Encoding.UTF8.GetString(members.Value));
            return found.Count == node.Members.Count && node.Members.All(m => found[m.Key] == JsonNodes.Canonical(m.Value));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
}
