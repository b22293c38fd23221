using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.Visibility;

/// <summary>The values of <c>history_visibility</c>.</summary>
public enum HistoryVisibility
{
    Shared,
    WorldReadable,
    Invited,
    Joined,
}

/// <summary>Reading <c>m.room.history_visibility</c>.</summary>
public static class HistoryVisibilities
{
    /// <summary>
    /// What an <c>m.room.history_visibility</c> event says: shared "if no history_visibility is set, or if the value is not understood".
    /// </summary>
    public static HistoryVisibility Of(Pdu? pdu) => Of(pdu?.GetContentString("history_visibility"u8));

    /// <summary>The value of a name.</summary>
    public static HistoryVisibility Of(string? name) => name switch
    {
        "world_readable" => HistoryVisibility.WorldReadable,
        "invited" => HistoryVisibility.Invited,
        "joined" => HistoryVisibility.Joined,
        _ => HistoryVisibility.Shared,
    };
}
