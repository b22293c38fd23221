using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>
/// The state that an event is judged against. It has to answer for the keys of <see cref="AuthTypes"/>, and for
/// <c>m.room.create</c> in every room version.
/// </summary>
public interface IAuthState
{
    /// <summary>The state event of a type and state key, or null.</summary>
    Pdu? Get(string type, string stateKey);

    /// <summary>The power levels of this state. Asked for often: parse them once per <c>m.room.power_levels</c> event.</summary>
    PowerLevels PowerLevels { get; }
}
