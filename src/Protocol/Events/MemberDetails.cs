using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Events;

/// <summary>What the content of an <c>m.room.member</c> event says of the member; null what is missing or no string.</summary>
public readonly record struct MemberDetails(string? Membership, string? DisplayName, string? AvatarUrl)
{
    /// <summary>Reads the content of an event.</summary>
    /// <param name="content">Canonical JSON: <see cref="Pdu.ContentJson"/>.</param>
    public static MemberDetails Of(ReadOnlySpan<byte> content)
    {
        var details = default(MemberDetails);
        var members = new CanonicalObject(content);
        while (members.MoveNext())
        {
            if (members.Key.SequenceEqual("membership"u8))
                details = details with { Membership = CanonicalObject.ReadString(members.Value) };
            else if (members.Key.SequenceEqual("displayname"u8))
                details = details with { DisplayName = CanonicalObject.ReadString(members.Value) };
            else if (members.Key.SequenceEqual("avatar_url"u8))
                details = details with { AvatarUrl = CanonicalObject.ReadString(members.Value) };
        }

        return details;
    }

    /// <summary>As <see cref="Of"/>, without reading the rest of the event.</summary>
    /// <param name="json">An event that was checked before it was stored, as <see cref="Pdu.Json"/> gave it.</param>
    /// <exception cref="InvalidDataException">What was stored is not an event.</exception>
    public static MemberDetails OfStored(ReadOnlySpan<byte> json)
    {
        try
        {
            return Of(CanonicalObject.Find(json, "content"u8));
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException)
        {
            throw new InvalidDataException("A stored event is damaged", e);
        }
    }
}
