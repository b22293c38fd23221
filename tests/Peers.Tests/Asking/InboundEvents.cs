using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using OrleansMatrix.Peers.Tests.Graph;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Peers.Tests.Asking;

/// <summary>Events that came in transactions, room by room: one after the other, and again for as long as what they follow cannot be had.</summary>
internal sealed class InboundEvents(PeerServer server)
{
    private const int MostDelayMs = 200;
    private static readonly TimeSpan s_betweenTries = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<string, Channel<(string Origin, Pdu Pdu)>> _rooms = new(StringComparer.Ordinal);
    private int _open;

    /// <summary>All that came is judged.</summary>
    public bool IsEmpty => Volatile.Read(ref _open) == 0;

    /// <summary>Takes an event of a room that this server knows, or about one of its users.</summary>
    public void Enqueue(string origin, JsonNode json)
    {
        if (json["room_id"] is not JsonValue id || !id.TryGetValue<string>(out var roomId))
            return;
        GraphRoom? room;
        lock (server.Gate)
        {
            if (!server.Rooms.TryGetValue(roomId, out room))
            {
                server.Users.Told(json);
                return;
            }
        }

        if (!Pdu.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), room.Version).TryGet(out var pdu, out _))
            return;
        Interlocked.Increment(ref _open);
        var queue = _rooms.GetOrAdd(roomId, _ =>
        {
            var channel = Channel.CreateUnbounded<(string Origin, Pdu Pdu)>();
            Task.Run(() => RunAsync(room, channel.Reader));
            return channel;
        });
        queue.Writer.TryWrite((origin, pdu));
    }

    private async Task RunAsync(GraphRoom room, ChannelReader<(string Origin, Pdu Pdu)> queue)
    {
        try
        {
            await foreach (var (origin, pdu) in queue.ReadAllAsync(server.Stopped))
            {
                if (server.Character is Character.Slow or Character.Sloppy)
                    await Task.Delay(server.Draw(MostDelayMs), server.Stopped);
                while (!await TakeAsync(room, origin, pdu))
                    await Task.Delay(s_betweenTries, server.Stopped);
                Interlocked.Decrement(ref _open);
            }
        }
        catch (OperationCanceledException)
        {
            // The server is stopped.
        }
    }

    /// <summary>What answers of others made of it, where they cannot be read.</summary>
    public ConcurrentQueue<Exception> Faults { get; } = new();

    /// <summary>False if it is to be tried again.</summary>
    private async Task<bool> TakeAsync(GraphRoom room, string origin, Pdu pdu)
    {
        try
        {
            if (await server.Keys.VerifiedAsync(pdu) is not { } verified)
                return true;
            await new Gap(server, room, origin).FillAsync(verified);
            return true;
        }
        catch (CutException)
        {
            return false;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Faults.Enqueue(e);
            return true;
        }
    }
}
