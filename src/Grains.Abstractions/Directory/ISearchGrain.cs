using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Directory;

/// <summary>Searches the events of a user's rooms; key: the user id.</summary>
[Alias("ISearchGrain"), GrainInterfaceType("ISearchGrain")]
public interface ISearchGrain : IGrainWithStringKey
{
    /// <summary>Takes the request body of <c>POST search</c> and gives its response body. <paramref name="from"/>: the token of an earlier answer.</summary>
    [Alias("Search")]
    Task<Outcome<ReadOnlyMemory<byte>>> Search(Requester requester, ReadOnlyMemory<byte> body, string? from);
}
