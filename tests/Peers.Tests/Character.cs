namespace OrleansMatrix.Peers.Tests;

/// <summary>How a <see cref="PeerServer"/> behaves.</summary>
internal enum Character
{
    /// <summary>As the specification says.</summary>
    Honest,

    /// <summary>Answers late, sends one thing at a time and looks at what it is sent later.</summary>
    Slow,

    /// <summary>
    /// Knows nothing that came after version 1.1 of the specification: no fields or endpoints of later ones, and version 1 of what has two.
    /// </summary>
    Old,

    /// <summary>
    /// Answers 500 for what it does not have or does not allow, also where another server could let somebody in, has one list of public rooms for all, tells of
    /// new keys without their place in the stream, fills gaps late and often has nothing for those of others, ignores redactions of others' events in rooms of
    /// version 11 and later, tells nobody of upgrades, and in rooms that it is in believes an invite only once it comes as an event too.
    /// </summary>
    Sloppy,

    /// <summary>Half of what it answers and a part of what it sends is spoilt.</summary>
    Lying,
}
