using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Authorization;

/// <summary>One row of the table: what is tried, in which versions, and which step must allow or reject it.</summary>
internal sealed record AuthCase(string Name, AuthRule Rule, bool Allowed, Func<RoomVersion, AuthResult> Try)
{
    public Predicate<RoomVersion> Versions { get; init; } = _ => true;

    public override string ToString() => Name;
}
