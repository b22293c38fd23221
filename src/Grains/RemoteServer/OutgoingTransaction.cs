using System.Globalization;
using OrleansMatrix.Grains.Device;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>What is sent to a server in one go (S-S API, Transactions).</summary>
/// <param name="LastPosition">Everything queued up to here is in it.</param>
internal sealed record OutgoingTransaction(ReadOnlyMemory<byte> Json, long LastPosition)
{
    private const int MaxPdus = 50;
    private const int MaxEdus = 100;

    // Far below what other servers take, unless a single EDU is larger.
    private const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>The longest beginning of the queue that a transaction may hold; null if nothing is queued.</summary>
    public static async Task<OutgoingTransaction?> ReadAsync(RemoteServerServices services, string server)
    {
        var rows = await services.Storage.Servers.QueuedAsync(server, 0, MaxPdus + MaxEdus);
        if (rows.Count == 0)
            return null;
        var known = (await services.Storage.Events.GetManyAsync([.. rows.Select(r => r.EventId).OfType<string>()])).ToDictionary(e => e.EventId, e => e.Json, StringComparer.Ordinal);
        var pdus = new List<ReadOnlyMemory<byte>>();
        var edus = new List<ReadOnlyMemory<byte>>();
        var last = 0L;
        var size = 0;
        foreach (var row in rows)
        {
            var json = row.EventId is null ? row.Edu!.Value : known.GetValueOrDefault(row.EventId);
            var list = row.EventId is null ? edus : pdus;
            if (list.Count == (row.EventId is null ? MaxEdus : MaxPdus) || (last > 0 && size + json.Length > MaxBytes))
                break;
            if (!json.IsEmpty)
                list.Add(json);
            size += json.Length;
            last = row.Position;
        }

        return new OutgoingTransaction(Write(services, pdus, edus), last);
    }

    /// <summary>An id that means the same content for as long as <paramref name="since"/> lasts.</summary>
    public string Id(long since) => string.Create(CultureInfo.InvariantCulture, $"{since}-{LastPosition}");

    private static ReadOnlyMemory<byte> Write(RemoteServerServices services, List<ReadOnlyMemory<byte>> pdus, List<ReadOnlyMemory<byte>> edus) => JsonBytes.Object(writer =>
    {
        writer.WriteString("origin"u8, services.Server.Name.Value);
        writer.WriteNumber("origin_server_ts"u8, services.Now);
        writer.WriteStartArray("pdus"u8);
        foreach (var json in pdus)
            writer.WriteRawValue(json.Span, skipInputValidation: true);
        writer.WriteEndArray();
        if (edus.Count == 0)
            return;
        writer.WriteStartArray("edus"u8);
        foreach (var json in edus)
            writer.WriteRawValue(json.Span);
        writer.WriteEndArray();
    });
}
