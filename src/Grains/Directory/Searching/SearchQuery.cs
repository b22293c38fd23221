using System.Text.Json;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Searching;

namespace OrleansMatrix.Grains.Directory.Searching;

/// <summary>A search of room events (C-S API, Server Side Search), checked.</summary>
/// <param name="Words">What to look for.</param>
/// <param name="Highlights">The words as they are written.</param>
/// <param name="Types">The types of the events to look at.</param>
/// <param name="Limit">Results in a page.</param>
/// <param name="Context">Events around each result; null: none are wanted.</param>
/// <param name="GroupBy"><c>room_id</c> and <c>sender</c>, as asked for.</param>
internal sealed record SearchQuery(
    IReadOnlyList<SearchWord> Words, IReadOnlyList<string> Highlights, IReadOnlyList<string> Types, EventFilter Filter, int Limit, bool ByRank,
    SearchContext? Context, bool IncludeState, IReadOnlyList<string> GroupBy, SearchToken? From)
{
    private const int DefaultLimit = 10;
    private const int MaxLimit = 100;

    /// <summary>Reads the request; null without an error if no room events are asked for.</summary>
    public static Outcome<SearchQuery?> Read(JsonElement body, string? token)
    {
        if (!body.TryGetProperty("search_categories"u8, out var categories) || categories.ValueKind != JsonValueKind.Object)
            return MatrixError.MissingParam("Missing required key 'search_categories'");
        if (!categories.TryGetProperty("room_events"u8, out var json))
            return (SearchQuery?)null;
        if (json.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("'room_events' must be an object");
        if (!json.TryGetProperty("search_term"u8, out var term))
            return MatrixError.MissingParam("Missing required key 'search_term'");
        if (FindWrongType(json) is { } wrong)
            return wrong;
        if (term.ValueKind != JsonValueKind.String)
            return MatrixError.InvalidParam("'search_term' must be a string");
        if (!ReadTypes(json).TryGet(out var types, out var error) || !SearchToken.Parse(token).TryGet(out var from, out error))
            return error;
        var filter = EventFilter.None;
        if (json.TryGetProperty("filter"u8, out var filterJson) && filterJson.ValueKind != JsonValueKind.Null &&
            !EventFilter.Parse(filterJson).TryGet(out filter, out error))
            return error;
        if (!TryReadOrder(json, out var byRank) || !TryReadGroups(json, out var groups))
            return MatrixError.BadJson("'order_by' or 'groupings' is not valid");
        return new SearchQuery(
            SearchWords.OfQuery(term.GetString()!), SearchWords.Highlights(term.GetString()!), types, filter,
            Math.Clamp(filter.Limit ?? DefaultLimit, 1, MaxLimit), byRank, SearchContext.Read(json),
            json.TryGetProperty("include_state"u8, out var state) && state.ValueKind == JsonValueKind.True, groups, from);
    }

    private static MatrixError? FindWrongType(JsonElement json)
    {
        if ((OptionalMembers.Lists(json, "keys") ?? OptionalMembers.Booleans(json, "include_state") ??
            OptionalMembers.Objects(json, "event_context", "groupings", "filter")) is { } wrong)
            return wrong;
        return json.TryGetProperty("event_context"u8, out var context) && context.ValueKind == JsonValueKind.Object
            ? OptionalMembers.Counts(context, "before_limit", "after_limit") ?? OptionalMembers.Booleans(context, "include_profile")
            : null;
    }

    private static Outcome<string[]> ReadTypes(JsonElement json)
    {
        if (!json.TryGetProperty("keys"u8, out var keys) || keys.ValueKind != JsonValueKind.Array)
            return SearchedText.TypesOf(null);
        if (keys.EnumerateArray().Any(static key => key.ValueKind != JsonValueKind.String))
            return MatrixError.BadJson("'keys' must be a list of strings");
        return SearchedText.TypesOf([.. keys.EnumerateArray().Select(static key => key.GetString()!)]);
    }

    private static bool TryReadOrder(JsonElement json, out bool byRank)
    {
        byRank = true;
        if (!json.TryGetProperty("order_by"u8, out var order) || order.ValueKind == JsonValueKind.Null)
            return true;
        if (order.ValueKind != JsonValueKind.String)
            return false;
        byRank = order.ValueEquals("rank"u8);
        return byRank || order.ValueEquals("recent"u8);
    }

    private static bool TryReadGroups(JsonElement json, out List<string> groups)
    {
        groups = [];
        if (!json.TryGetProperty("groupings"u8, out var groupings) || groupings.ValueKind != JsonValueKind.Object
            || !groupings.TryGetProperty("group_by"u8, out var list))
            return true;
        if (list.ValueKind != JsonValueKind.Array)
            return false;
        foreach (var group in list.EnumerateArray())
        {
            if (group.ValueKind != JsonValueKind.Object || !group.TryGetProperty("key"u8, out var key) || key.ValueKind != JsonValueKind.String
                || key.GetString() is not ("room_id" or "sender"))
                return false;
            if (!groups.Contains(key.GetString()!))
                groups.Add(key.GetString()!);
        }

        return true;
    }
}

/// <summary>Events to show around a result.</summary>
internal sealed record SearchContext(int Before, int After, bool IncludeProfile)
{
    private const int Default = 5;
    private const int Max = 50;

    public static SearchContext? Read(JsonElement json) =>
        json.TryGetProperty("event_context"u8, out var context) && context.ValueKind == JsonValueKind.Object
            ? new SearchContext(
                Limit(context, "before_limit"), Limit(context, "after_limit"), context.TryGetProperty("include_profile"u8, out var profile) &&
                profile.ValueKind == JsonValueKind.True)
            : null;

    private static int Limit(JsonElement context, string name) =>
        context.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var limit)
            ? (int)Math.Clamp(limit, 0, Max) : Default;
}
