using System.Text.Json;
using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>The <c>presence</c> section: who shares a room, and the user itself.</summary>
internal static class PresenceSection
{
    private const int MaxInitial = 1000;
    private const string Type = "m.presence";

    public static async ValueTask<bool> WriteAsync(SyncScope scope, ChangeSet changes, Utf8JsonWriter writer, CancellationToken cancellationToken)
    {
        var filter = scope.Filter.Presence;
        if (filter.IsClosed || !filter.AllowsType(Type))
            return false;
        HashSet<string> users;
        if (scope.IsInitial)
        {
            users = [.. (await scope.Services.Storage.Memberships.SharingRoomAsync(scope.UserId, cancellationToken)).Take(MaxInitial), scope.UserId];
        }
        else
        {
            // Who comes to share a room is told of with the presence that they have.
            var candidates = changes.Presence.Concat(scope.DeviceLists.Changed).Distinct().ToList();
            users = await scope.Services.Sharing.AmongAsync(scope.UserId, candidates, cancellationToken);
        }

        users.RemoveWhere(id => !filter.AllowsSender(id));
        if (users.Count == 0)
            return false;
        var rows = (await scope.Services.Presences.GetAsync(users, cancellationToken)).Values.OfType<PresenceRow>().ToList();

        // Of people who are new to the user, also that they are not there is news.
        foreach (var userId in scope.DeviceLists.Changed)
        {
            if (users.Contains(userId) && !rows.Exists(r => r.UserId == userId))
                rows.Add(new PresenceRow(userId, "offline", null, 0, false, 0));
        }

        if (rows.Count == 0)
            return false;
        writer.WriteStartObject("presence"u8);
        writer.WriteStartArray("events"u8);
        foreach (var row in rows)
            WriteEvent(writer, row, scope.Now);
        writer.WriteEndArray();
        writer.WriteEndObject();
        return true;
    }

    /// <summary>Writes an m.presence event.</summary>
    public static void WriteEvent(Utf8JsonWriter writer, PresenceRow row, long now)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, Type);
        writer.WriteString("sender"u8, row.UserId);
        writer.WriteStartObject("content"u8);
        writer.WriteString("presence"u8, row.Presence);
        if (row.StatusMessage is not null)
            writer.WriteString("status_msg"u8, row.StatusMessage);
        if (row.LastActiveAt > 0)
            writer.WriteNumber("last_active_ago"u8, Math.Max(0, now - row.LastActiveAt));
        writer.WriteBoolean("currently_active"u8, row.CurrentlyActive);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
