using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using OrleansMatrix.Protocol.Globs;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Push;

/// <summary>A condition of a push rule (C-S API, Push rules, Conditions).</summary>
public abstract class PushCondition
{
    /// <summary>As it was given, with members that this server does not know.</summary>
    internal JsonElement Json { get; private set; }

    /// <summary>The place where a <see cref="PushEvent"/> remembers the outcome; -1 when it is not the same for all users.</summary>
    internal int SharedSlot { get; init; } = -1;

    /// <summary>Reads a condition. One of an unknown kind, or lacking what its kind needs, never holds.</summary>
    internal static PushCondition Parse(JsonElement json, int sharedSlot = -1)
    {
        var kind = Text(json, "kind");
        var key = Text(json, "key");
        PushCondition condition = kind switch
        {
            "event_match" when key is not null && Text(json, "pattern") is { } pattern =>
                new EventMatch(key, pattern) { SharedSlot = sharedSlot },
            "event_property_is" when key is not null && json.TryGetProperty("value", out var v) && PushValue.TryRead(v, out var value) =>
                new EventPropertyIs(key, value) { SharedSlot = sharedSlot },
            "event_property_contains" when key is not null && json.TryGetProperty("value", out var v) && PushValue.TryRead(v, out var value) =>
                new EventPropertyContains(key, value) { SharedSlot = sharedSlot },
            "contains_display_name" => new ContainsDisplayName(),
            "room_member_count" when RoomMemberCount.TryParse(Text(json, "is"), out var minimum, out var maximum) =>
                new RoomMemberCount(minimum, maximum) { SharedSlot = sharedSlot },
            "sender_notification_permission" when key is not null => new SenderNotificationPermission(key) { SharedSlot = sharedSlot },
            _ => new Never(),
        };
        condition.Json = json;
        return condition;
    }

    /// <summary>The condition with another text wherever it has the given one as the value of a member.</summary>
    internal PushCondition Naming(string text, string other)
    {
        if (!Json.EnumerateObject().Any(m => m.Value.ValueKind == JsonValueKind.String && m.Value.ValueEquals(text)))
            return this;
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var member in Json.EnumerateObject())
            {
                if (member.Value.ValueKind == JsonValueKind.String && member.Value.ValueEquals(text))
                    writer.WriteString(member.Name, other);
                else
                    member.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        using var document = JsonText.Parse(buffer.WrittenMemory);
        return Parse(document.RootElement.Clone());
    }

    internal bool Matches(PushEvent pushEvent, in PushUser user) =>
        SharedSlot >= 0 ? pushEvent.Matches(this, SharedSlot) : Evaluate(pushEvent, user);

    internal abstract bool Evaluate(PushEvent pushEvent, in PushUser user);

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    internal sealed class EventMatch(string key, string pattern) : PushCondition
    {
        private readonly ImmutableArray<string> _names = PropertyPath.Split(key);
        private readonly Glob _glob = new(pattern);
        private readonly bool _words = key == "content.body";

        internal override bool Evaluate(PushEvent pushEvent, in PushUser user) =>
            pushEvent.Property(key, _names).Text is { } text && pushEvent.HasTimeFor(_glob.CostOn(text.Length)) && (_words ? _glob.IsWordMatch(text) : _glob.IsMatch(text));
    }

    internal sealed class EventPropertyIs(string key, PushValue value) : PushCondition
    {
        private readonly ImmutableArray<string> _names = PropertyPath.Split(key);

        internal override bool Evaluate(PushEvent pushEvent, in PushUser user) => pushEvent.Property(key, _names).Is(value);
    }

    internal sealed class EventPropertyContains(string key, PushValue value) : PushCondition
    {
        private readonly ImmutableArray<string> _names = PropertyPath.Split(key);

        internal override bool Evaluate(PushEvent pushEvent, in PushUser user) => pushEvent.Property(key, _names).Contains(value);
    }

    internal sealed class ContainsDisplayName : PushCondition
    {
        private static readonly ImmutableArray<string> s_body = ["content", "body"];

        internal override bool Evaluate(PushEvent pushEvent, in PushUser user) =>
            !string.IsNullOrEmpty(user.DisplayName) && pushEvent.Property("content.body", s_body).Text is { } body &&
            pushEvent.HasTimeFor(Glob.LiteralCost(body.Length, user.DisplayName.Length)) && Glob.ContainsWord(body, user.DisplayName);
    }

    internal sealed class RoomMemberCount(long minimum, long maximum) : PushCondition
    {
        /// <summary>Reads a decimal integer with <c>==</c>, <c>&lt;</c>, <c>&gt;</c>, <c>&gt;=</c>, <c>&lt;=</c> or nothing before it.</summary>
        public static bool TryParse(ReadOnlySpan<char> text, out long minimum, out long maximum)
        {
            var digits = text.TrimStart("=<>");
            var operation = text[..^digits.Length];
            (minimum, maximum) = (0, long.MaxValue);
            if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return false;
            switch (operation)
            {
                case "" or "==":
                    (minimum, maximum) = (number, number);
                    return true;
                case "<":
                    maximum = number - 1;
                    return true;
                case "<=":
                    maximum = number;
                    return true;
                case ">":
                    minimum = number == long.MaxValue ? number : number + 1;
                    return true;
                case ">=":
                    minimum = number;
                    return true;
                default:
                    return false;
            }
        }

        internal override bool Evaluate(PushEvent pushEvent, in PushUser user) =>
            pushEvent.MemberCount >= minimum && pushEvent.MemberCount <= maximum;
    }

    internal sealed class SenderNotificationPermission(string key) : PushCondition
    {
        internal override bool Evaluate(PushEvent pushEvent, in PushUser user) => pushEvent.SenderMayNotify(key);
    }

    internal sealed class Never : PushCondition
    {
        internal override bool Evaluate(PushEvent pushEvent, in PushUser user) => false;
    }
}
