using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.Push;

/// <summary>
/// One event for which the rules of many users are evaluated, one after the other: what it is asked for is found once. Not thread-safe.
/// </summary>
public sealed class PushEvent
{
    private readonly Pdu _pdu;
    private readonly PowerLevels _levels;
    private readonly Dictionary<string, PushProperty> _properties = new(StringComparer.Ordinal);
    /// <summary>
    /// The comparisons of characters that one user's rules may take on one event: those of a hundred keywords on the largest event, some 20 ms. What is left of
    /// the rules then does not match, so that nobody's rules hold up what others wait for.
    /// </summary>
    private const long MostComparisons = 10_000_000;

    private bool? _hasMentions;
    private long _left;
    private ulong _decided;
    private ulong _matching;

    /// <param name="pdu">The event.</param>
    /// <param name="memberCount">The number of joined members of the room.</param>
    /// <param name="levels">The power levels of the room.</param>
    public PushEvent(Pdu pdu, int memberCount, PowerLevels levels)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        _pdu = pdu;
        _levels = levels;
        MemberCount = memberCount;
    }

    /// <summary>The number of joined members of the room.</summary>
    public int MemberCount { get; }

    /// <summary>The sender of the event, who gets no notification.</summary>
    public string Sender => _pdu.Sender;

    /// <summary>The room of the event.</summary>
    public string RoomId => _pdu.RoomId;

    /// <summary>The event says whom it mentions (C-S API, User and room mentions), if only that it is nobody.</summary>
    internal bool HasMentions => _hasMentions ??= _pdu.Content.ValueKind == JsonValueKind.Object && _pdu.Content.TryGetProperty("m.mentions"u8, out _);

    /// <summary>The next user's rules are evaluated.</summary>
    internal void Begin() => _left = MostComparisons;

    /// <summary>Whether there is time for so many comparisons; they are taken off then.</summary>
    internal bool HasTimeFor(long comparisons)
    {
        _left -= comparisons;
        return _left >= 0;
    }

    internal bool SenderMayNotify(string key) => _levels.MayNotify(_pdu.Sender, key);

    /// <summary>Whether a condition holds that is the same for all users; it is looked at once.</summary>
    internal bool Matches(PushCondition condition, int slot)
    {
        var bit = 1ul << slot;
        if ((_decided & bit) == 0)
        {
            // On nobody's account: it holds for all.
            var left = _left;
            _left = long.MaxValue;
            _decided |= bit;
            if (condition.Evaluate(this, default))
                _matching |= bit;
            _left = left;
        }

        return (_matching & bit) != 0;
    }

    internal PushProperty Property(string path, ImmutableArray<string> names)
    {
        if (_properties.TryGetValue(path, out var property))
            return property;
        property = Find(names);
        _properties.Add(path, property);
        return property;
    }

    private PushProperty Find(ImmutableArray<string> names)
    {
        if (names is not ["content", .. var rest])
            return names.Length == 1 && TopLevel(names[0]) is { } text ? new PushProperty(text) : PushProperty.Absent;
        var value = _pdu.Content;
        foreach (var name in rest)
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value))
                return PushProperty.Absent;
        }

        return new PushProperty(value);
    }

    private string? TopLevel(string name) => name switch
    {
        "type" => _pdu.Type,
        "state_key" => _pdu.StateKey,
        "sender" => _pdu.Sender,
        "room_id" => _pdu.RoomId,
        "event_id" => _pdu.EventId,
        "redacts" => _pdu.Redacts,
        _ => null,
    };
}
