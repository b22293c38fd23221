using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Globs;

namespace OrleansMatrix.Protocol.Policy;

/// <summary>
/// What a policy server refuses to recommend (S-S API, <c>/sign</c>: "what the Policy Server checks for … is left as an implementation detail").
/// </summary>
/// <param name="denyUsers">Globs of user ids that may not send.</param>
/// <param name="denyText">Globs over every text in an event's content; one without wildcards must be the whole text.</param>
/// <param name="maxMentions">The most users that one event may mention.</param>
public sealed class PolicyRules(IEnumerable<string> denyUsers, IEnumerable<string> denyText, int maxMentions)
{
    private readonly ImmutableArray<Glob> _users = [.. denyUsers.Select(static pattern => new Glob(pattern))];
    private readonly ImmutableArray<Glob> _text = [.. denyText.Select(static pattern => new Glob(pattern))];

    /// <summary>Why the event is refused; null if it is not.</summary>
    public MatrixError? FindFault(Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(pdu);

        // Whom the room is to be rid of may go.
        if (pdu.Type == EventTypes.Member && pdu.Membership == Membership.Leave && pdu.StateKey == pdu.Sender)
            return null;
        if (Matches(_users, pdu.Sender))
            return Refuse("The sender may not send to this room");
        if (pdu.Content.TryGetProperty("m.mentions"u8, out var mentions) && mentions.ValueKind == JsonValueKind.Object &&
            mentions.TryGetProperty("user_ids"u8, out var users) && users.ValueKind == JsonValueKind.Array && users.GetArrayLength() > maxMentions)
            return Refuse("The event mentions too many users");
        return !_text.IsEmpty && HasDeniedText(pdu.Content) ? Refuse("The event's content is not allowed in this room") : null;
    }

    // Events are at most 64 KiB and as deep as the parser allows.
    private bool HasDeniedText(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => Matches(_text, json.GetString()!),
        JsonValueKind.Array => json.EnumerateArray().Any(HasDeniedText),
        JsonValueKind.Object => json.EnumerateObject().Any(member => HasDeniedText(member.Value)),
        _ => false,
    };

    private static bool Matches(ImmutableArray<Glob> globs, string text)
    {
        foreach (var glob in globs)
        {
            if (glob.IsMatch(text))
                return true;
        }

        return false;
    }

    private static MatrixError Refuse(string why) => new(ErrCodes.Forbidden, 400, why);
}
