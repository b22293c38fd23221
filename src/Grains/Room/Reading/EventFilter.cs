using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>An EventFilter or RoomEventFilter (C-S API, Filtering). Immutable.</summary>
public sealed record EventFilter
{
    /// <summary>Lets everything through.</summary>
    public static readonly EventFilter None = new();

    private const int MaxItems = 10_000;

    /// <summary>The most events to return; null: not said.</summary>
    public int? Limit { get; private init; }
    public bool LazyLoadMembers { get; private init; }
    public bool IncludeRedundantMembers { get; private init; }
    public bool UnreadThreadNotifications { get; private init; }

    private FilteredTypes? Types { get; init; }
    private FilteredTypes? NotTypes { get; init; }
    private FrozenSet<string>? Senders { get; init; }
    private FrozenSet<string>? NotSenders { get; init; }
    private FrozenSet<string>? Rooms { get; init; }
    private FrozenSet<string>? NotRooms { get; init; }
    private bool? ContainsUrl { get; init; }
    private FrozenSet<string>? RelatedByTypes { get; init; }
    private FrozenSet<string>? RelatedBySenders { get; init; }

    /// <summary>True if no event is left out.</summary>
    public bool IsOpen => Types is null && NotTypes is null && Senders is null && NotSenders is null && ContainsUrl is null && !NeedsRelations;

    /// <summary>True if nothing can get through.</summary>
    public bool IsClosed => Types is { IsEmpty: true } || Senders is { Count: 0 };

    /// <summary>True if <see cref="AllowsRelations"/> must be asked too.</summary>
    public bool NeedsRelations => RelatedByTypes is not null || RelatedBySenders is not null;

    /// <summary>Reads a filter object: M_BAD_JSON where a member has the wrong type.</summary>
    public static Outcome<EventFilter> Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("A filter must be an object");
        var filter = new EventFilter();
        foreach (var member in json.EnumerateObject())
        {
            var value = member.Value;
            if (value.ValueKind == JsonValueKind.Null)
                continue;
            EventFilter? next = member.Name switch
            {
                "limit" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var limit) && limit >= 0
                    ? filter with { Limit = (int)Math.Min(limit, int.MaxValue) } : null,
                "lazy_load_members" => Flag(value) is { } flag ? filter with { LazyLoadMembers = flag } : null,
                "include_redundant_members" => Flag(value) is { } flag ? filter with { IncludeRedundantMembers = flag } : null,
                "unread_thread_notifications" => Flag(value) is { } flag ? filter with { UnreadThreadNotifications = flag } : null,
                "contains_url" => Flag(value) is { } flag ? filter with { ContainsUrl = flag } : null,
                "types" => Texts(value) is { } texts && FilteredTypes.Of(texts) is { } types ? filter with { Types = types } : null,
                "not_types" => Texts(value) is { } texts && FilteredTypes.Of(texts) is { } types ? filter with { NotTypes = types } : null,
                "senders" => Ids(value, '@') is { } ids ? filter with { Senders = ids } : null,
                "not_senders" => Ids(value, '@') is { } ids ? filter with { NotSenders = ids } : null,
                "rooms" => Ids(value, '!') is { } ids ? filter with { Rooms = ids } : null,
                "not_rooms" => Ids(value, '!') is { } ids ? filter with { NotRooms = ids } : null,
                "related_by_rel_types" => Texts(value) is { } texts ? filter with { RelatedByTypes = texts.ToFrozenSet(StringComparer.Ordinal) } : null,
                "related_by_senders" => Texts(value) is { } texts ? filter with { RelatedBySenders = texts.ToFrozenSet(StringComparer.Ordinal) } : null,
                _ => filter,
            };
            if (next is null)
                return MatrixError.BadJson($"'{member.Name}' in a filter is not valid");
            filter = next;
        }

        return filter;
    }

    /// <summary>Reads a filter given as text in a query: M_NOT_JSON, M_BAD_JSON; null or empty is no filter.</summary>
    public static Outcome<EventFilter> Parse(string? json)
    {
        if (string.IsNullOrEmpty(json))
            return None;
        if (!JsonText.Read(System.Text.Encoding.UTF8.GetBytes(json)).TryGet(out var document, out var error))
            return error;
        using (document)
            return Parse(document.RootElement);
    }

    /// <summary>Whether events of the room may get through.</summary>
    public bool AllowsRoom(string roomId) => Rooms?.Contains(roomId) != false && NotRooms?.Contains(roomId) != true;

    /// <summary>Whether an event gets through, its relations left aside.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="sender">Its sender.</param>
    /// <param name="json">The event as JSON with a <c>content</c> member.</param>
    public bool Allows(string type, string sender, ReadOnlySpan<byte> json) =>
        AllowsType(type) && AllowsSender(sender) && (ContainsUrl is not { } wanted || HasUrl(json) == wanted);

    public bool AllowsType(string type) => Types?.Contains(type) != false && NotTypes?.Contains(type) != true;

    public bool AllowsSender(string sender) => Senders?.Contains(sender) != false && NotSenders?.Contains(sender) != true;

    /// <summary>Whether one of the event's relations, given as (rel_type, sender), is of the wanted kind.</summary>
    public bool AllowsRelations(IEnumerable<(string RelType, string Sender)> relations) =>
        !NeedsRelations || relations.Any(r => RelatedByTypes?.Contains(r.RelType) != false && RelatedBySenders?.Contains(r.Sender) != false);

    private static bool HasUrl(ReadOnlySpan<byte> json)
    {
        try
        {
            return FindUrl(json);
        }
        catch (JsonException)
        {
            // A damaged event, which is left out where it is rendered.
            return false;
        }
    }

    private static bool FindUrl(ReadOnlySpan<byte> json)
    {
        var reader = JsonText.Reader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isContent = reader.ValueTextEquals("content"u8);
            reader.Read();
            if (!isContent)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isUrl = reader.ValueTextEquals("url"u8);
                reader.Read();
                if (isUrl)
                    return reader.TokenType == JsonTokenType.String;
                reader.Skip();
            }

            return false;
        }

        return false;
    }

    private static bool? Flag(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static ImmutableArray<string>? Texts(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > MaxItems)
            return null;
        var texts = ImmutableArray.CreateBuilder<string>(value.GetArrayLength());
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String)
                return null;
            texts.Add(item.GetString()!);
        }

        return texts.MoveToImmutable();
    }

    private static FrozenSet<string>? Ids(JsonElement value, char sigil) =>
        Texts(value) is { } texts && texts.All(t => t.StartsWith(sigil) && t.Contains(sigil == '@' ? ':' : sigil))
            ? texts.ToFrozenSet(StringComparer.Ordinal) : null;
}
