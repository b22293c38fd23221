using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>
/// keys/changes: which users' devices a client must look up again (CS API, Tracking the device list for a user). What is told too often costs a question, what
/// is not told costs messages.
/// </summary>
internal sealed class KeyChanges(IStorage storage, string userId)
{
    public async Task<Outcome<ReadOnlyMemory<byte>>> ReadAsync(long after)
    {
        var sharing = await storage.Memberships.SharingRoomAsync(userId);
        var changed = (await storage.Keys.DeviceListChangesAsync(after, long.MaxValue, userId)).Where(u => u == userId || sharing.Contains(u))
            .ToHashSet(StringComparer.Ordinal);
        var left = new HashSet<string>(StringComparer.Ordinal);

        foreach (var own in await storage.Memberships.OfUserAsync(userId))
        {
            var joined = own.Membership == "join";
            var ownChanged = own.Position > after;
            if (!joined && !ownChanged)
                continue;
            if (joined && ownChanged && await storage.Rooms.GetSummaryAsync(own.RoomId) is { Encrypted: true })
                changed.Add(userId);
            foreach (var member in await storage.Memberships.OfRoomAsync(own.RoomId, null))
            {
                if (member.UserId == userId || !(ownChanged || member.Position > after))
                    continue;
                if (joined && member.Membership is ("join" or "invite"))
                    changed.Add(member.UserId);
                else if (!sharing.Contains(member.UserId) && (member.Membership == "join" || member.Position > after))
                    left.Add(member.UserId);
            }
        }

        return JsonBytes.Object(w =>
        {
            Write("changed", changed);
            Write("left", left);

            void Write(string name, IEnumerable<string> users)
            {
                w.WriteStartArray(name);
                foreach (var user in users.Order(StringComparer.Ordinal))
                    w.WriteStringValue(user);
                w.WriteEndArray();
            }
        });
    }
}
