using System.Buffers.Binary;
using System.Security.Cryptography;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>What an account grain holds in memory: the account's rows as they are, or are about to be, in storage.</summary>
internal sealed class AccountState(AccountRow row)
{
    private readonly Dictionary<UInt128, TokenEntry> _tokens = [];

    public AccountRow Row { get; set; } = row;

    public Dictionary<string, DeviceRow> Devices { get; } = new(StringComparer.Ordinal);

    /// <summary>Devices that are gone and of which other grains may still have something; empty id: the user's private data.</summary>
    public HashSet<string> Departing { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, ReadOnlyMemory<byte>> Profile { get; } = new(StringComparer.Ordinal);

    public IEnumerable<TokenEntry> Tokens => _tokens.Values;

    /// <summary>A session ended or changed since this was set to false: silos that remember it must hear of it once that is durable.</summary>
    public bool SessionsChanged { get; set; }

    /// <summary>Reads an account; null if there is none.</summary>
    public static async Task<AccountState?> LoadAsync(IStorage storage, string userId)
    {
        if (await storage.Accounts.GetAsync(userId) is not { } row)
            return null;
        var state = new AccountState(row);
        foreach (var device in await storage.Devices.OfUserAsync(userId))
            state.Devices[device.DeviceId] = device;
        state.Departing.UnionWith(await storage.Accounts.CleanupsAsync(userId));
        foreach (var token in await storage.Accounts.TokensOfUserAsync(userId))
            state.Put(token);
        foreach (var (key, value) in await storage.Accounts.GetProfileAsync(userId))
            state.Profile[key] = value;
        return state;
    }

    public TokenEntry Put(TokenRow row) => _tokens[Key(row.Hash)] = new TokenEntry(row);

    public void Remove(TokenRow row)
    {
        SessionsChanged |= row.Kind == TokenKind.Access;
        _tokens.Remove(Key(row.Hash));
    }

    /// <summary>The token of that hash and kind.</summary>
    public TokenEntry? Find(ReadOnlyMemory<byte> hash, TokenKind kind) =>
        hash.Length == SHA256.HashSizeInBytes && _tokens.TryGetValue(Key(hash), out var entry) && entry.Row.Kind == kind &&
        CryptographicOperations.FixedTimeEquals(entry.Row.Hash.Span, hash.Span)
            ? entry
            : null;

    public void RemoveDevice(string deviceId)
    {
        Devices.Remove(deviceId);
        RemoveTokens(row => row.DeviceId == deviceId && row.Kind is TokenKind.Access or TokenKind.Refresh);
    }

    public void RemoveTokens(Func<TokenRow, bool> which)
    {
        foreach (var entry in _tokens.Values.Where(entry => which(entry.Row)).ToList())
            Remove(entry.Row);
    }

    /// <summary>Forgets the sessions made from the account's flags, which changed.</summary>
    public void ForgetSessions()
    {
        SessionsChanged = true;
        foreach (var entry in _tokens.Values)
            entry.Session = null;
    }

    private static UInt128 Key(ReadOnlyMemory<byte> hash) => BinaryPrimitives.ReadUInt128LittleEndian(hash.Span);
}
