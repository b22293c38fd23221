namespace OrleansMatrix.Protocol.RoomVersions;

/// <summary>The state resolution algorithms of the room versions.</summary>
public enum StateResolutionAlgorithm
{
    /// <summary>Room v1.</summary>
    V1,

    /// <summary>Room v2 to v11.</summary>
    V2,

    /// <summary>Room v12: starts from an empty state and considers the conflicted state subgraph.</summary>
    V21,
}
