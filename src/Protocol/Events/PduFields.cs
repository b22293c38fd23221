using System.Collections.Immutable;

namespace OrleansMatrix.Protocol.Events;

/// <summary>What <see cref="PduParser"/> finds in an event; ranges are into its JSON.</summary>
internal struct PduFields()
{
    public string? EventId;
    public string? RoomId;
    public string? Sender;
    public string? Type;
    public string? StateKey;
    public string? Redacts;
    public string? Membership;
    public string ContentHash = "";
    public long Depth;
    public long OriginServerTs;
    public ImmutableArray<string> PrevEvents = [];
    public ImmutableArray<string> AuthEvents = [];
    public Range Content;
    public Range Signatures;
    public Range Unsigned = 0..0;
}
