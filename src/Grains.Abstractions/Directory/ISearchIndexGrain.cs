using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.Directory;

/// <summary>Keeps the search index up to the rooms' histories (ADR 0123), one for the whole server. Key: <see cref="Key"/>.</summary>
[Alias("ISearchIndexGrain"), GrainInterfaceType("ISearchIndexGrain")]
public interface ISearchIndexGrain : IGrainWithStringKey
{
    /// <summary>The key of the only one.</summary>
    const string Key = "server";

    /// <summary>Has the index kept up from here on.</summary>
    [Alias("Wake")]
    Task Wake();

    /// <summary>
    /// Returns when what the rooms have gained is in the index, and some of what is old and is not; or, where that is much, after a bounded part of it.
    /// </summary>
    [Alias("CatchUp")]
    Task CatchUp(ImmutableArray<string> roomIds, CancellationToken cancellationToken = default);
}
