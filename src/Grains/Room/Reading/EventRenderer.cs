using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>
/// Writes a room's events as one requester is to see them. First <see cref="PrepareAsync"/> reads what the events' <c>unsigned</c> needs, for all at once;
/// then <see cref="Write"/> writes each.
/// </summary>
public sealed class EventRenderer(RoomView room, Requester viewer, bool includeRoomId)
{
    private readonly long _now = room.Services.Now;
    private readonly Dictionary<string, ClientEventOptions> _options = new(StringComparer.Ordinal);
    private Dictionary<string, Pdu>? _erased;
    private HashSet<string>? _unreadable;

    /// <summary>Serve the events in federation form (a filter's <c>event_format</c>).</summary>
    public bool FederationFormat { get; init; }

    /// <summary>What <see cref="WriteArray"/> writes of each event; null: all.</summary>
    public EventFields? Fields { get; init; }

    /// <summary>Reads what belongs to the events.</summary>
    /// <param name="rows">Events that the viewer may see.</param>
    /// <param name="visibility">For <c>unsigned.membership</c>; null: leave it out.</param>
    /// <param name="previous">With the content of the state that state events replaced.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async ValueTask PrepareAsync(
        IReadOnlyCollection<EventRow> rows, RoomVisibility? visibility, bool previous, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        Dictionary<string, string>? replaced = null;
        List<string>? wanted = null;
        foreach (var row in rows)
        {
            if (row.RedactedBy is { } redaction)
                (wanted ??= []).Add(redaction);
            if (previous && row is { StateKey: { } stateKey, StateBefore: { } state } &&
                await room.Services.States.GetAsync(state, row.Type, stateKey, cancellationToken) is { } replacedId)
            {
                (replaced ??= new(StringComparer.Ordinal))[row.EventId] = replacedId;
                (wanted ??= []).Add(replacedId);
            }
        }

        if (wanted is not null)
            await room.FindManyAsync(wanted, cancellationToken);
        foreach (var row in rows)
        {
            if (_options.ContainsKey(row.EventId))
                continue;
            try
            {
                await EraseAsync(row, cancellationToken);
            }
            catch (InvalidDataException)
            {
                ReadLog.Unreadable(room.Services.Logger, $"The event {row.EventId}", row.RoomId);
                (_unreadable ??= new(StringComparer.Ordinal)).Add(row.EventId);
                continue;
            }

            var replacedId = replaced?.GetValueOrDefault(row.EventId);
            _options[row.EventId] = new ClientEventOptions
            {
                IncludeRoomId = includeRoomId,
                NowTs = _now,
                TransactionId = row.Sender == viewer.UserId && row.DeviceId == viewer.DeviceId ? row.TransactionId : null,
                Membership = visibility is null ? null : await visibility.MembershipAtAsync(row, cancellationToken),
                RedactedBecause = await FindAsync(row.RedactedBy, cancellationToken),
                ReplacesState = replacedId,
                PrevContent = (await FindAsync(replacedId, cancellationToken))?.ContentJson ?? default,
            };
        }
    }

    /// <summary>Adds the bundled aggregations of an event, a JSON object; an event that the viewer gets redacted has none.</summary>
    public void AddRelations(string eventId, ReadOnlyMemory<byte> relations)
    {
        if (_options.TryGetValue(eventId, out var options) && _erased?.ContainsKey(eventId) != true)
            _options[eventId] = options with { Relations = relations };
    }

    /// <summary>Writes a prepared event.</summary>
    public void Write(Utf8JsonWriter writer, EventRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (FederationFormat)
            WriteFederation(writer, row);
        else
            ClientEvent.Write(writer, Shown(row), _options[row.EventId]);
    }

    /// <summary>A prepared event as JSON.</summary>
    public ReadOnlyMemory<byte> ToJson(EventRow row) => PooledJson.Build(writer => Write(writer, row));

    /// <summary>Writes prepared events as a property with an array.</summary>
    public void WriteArray(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IEnumerable<EventRow> rows)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(rows);
        writer.WriteStartArray(name);
        foreach (var row in rows)
        {
            if (_unreadable?.Contains(row.EventId) == true)
                continue;
            if (Fields is null)
            {
                Write(writer, row);
                continue;
            }

            using var json = JsonText.Parse(ToJson(row));
            Fields.Write(writer, json.RootElement);
        }

        writer.WriteEndArray();
    }

    /// <summary>The federation form with the event id, which from room v3 on the form itself does not have.</summary>
    private void WriteFederation(Utf8JsonWriter writer, EventRow row)
    {
        using var json = JsonText.Parse(Shown(row).WithoutUnsigned().Json);
        writer.WriteStartObject();
        foreach (var member in json.RootElement.EnumerateObject())
        {
            if (!member.NameEquals("event_id"u8))
                member.WriteTo(writer);
        }

        writer.WriteString("event_id"u8, row.EventId);
        writer.WriteEndObject();
    }

    private async ValueTask<Pdu?> FindAsync(string? eventId, CancellationToken cancellationToken) =>
        eventId is not null && await room.FindAsync(eventId, cancellationToken) is { } row
            ? await EraseAsync(row, cancellationToken) : null;

    /// <summary>A prepared event as the viewer is to see it.</summary>
    public Pdu Shown(EventRow row) => _erased?.GetValueOrDefault(row.EventId) ?? room.Parse(row);

    /// <summary>The event, redacted if the viewer is to see no more of it than that.</summary>
    private async ValueTask<Pdu> EraseAsync(EventRow row, CancellationToken cancellationToken)
    {
        if (await room.IsErasedForAsync(row, viewer.UserId, cancellationToken))
            (_erased ??= new(StringComparer.Ordinal))[row.EventId] = Redaction.Redact(room.Parse(row));
        return Shown(row);
    }
}
