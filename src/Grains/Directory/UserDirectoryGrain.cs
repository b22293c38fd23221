using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>Finds users by id or display name.</summary>
[StatelessWorker]
[GrainType("userdirectory")]
public sealed class UserDirectoryGrain(IStorage storage) : Grain, IUserDirectoryGrain
{
    private const int MaxLimit = 50;

    public async Task<ReadOnlyMemory<byte>> Search(string term, int limit)
    {
        var wanted = Math.Clamp(limit, 1, MaxLimit);
        var found = term.Length == 0 ? [] : await storage.Accounts.SearchUsersAsync(this.GetPrimaryKeyString(), term, wanted + 1);
        return JsonBytes.Object(w =>
        {
            w.WriteBoolean("limited"u8, found.Count > wanted);
            w.WriteStartArray("results"u8);
            foreach (var (userId, displayName, avatarUrl) in found.Take(wanted))
            {
                w.WriteStartObject();
                if (avatarUrl is not null)
                    w.WriteString("avatar_url"u8, avatarUrl);
                if (displayName is not null)
                    w.WriteString("display_name"u8, displayName);
                w.WriteString("user_id"u8, userId);
                w.WriteEndObject();
            }

            w.WriteEndArray();
        });
    }
}
