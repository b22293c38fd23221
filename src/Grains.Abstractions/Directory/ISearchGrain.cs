using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Directory;

/// <summary>Searches the events of a user's rooms; key: the user id.</summary>
[Alias("ISearchGrain"), GrainInterfaceType("ISearchGrain")]
public interface ISearchGrain : IGrainWithStringKey
{
    /// <summary>Takes the request body of <c>POST search</c> and gives its response body.</summary>
    /// <param name="requester">Who searches.</param>
    /// <param name="body">The body.</param>
    /// <param name="from">The token of an earlier answer.</param>
    /// <param name="cancellationToken">Cancelled when the client has gone.</param>
    [Alias("Find")]
    Task<Outcome<ReadOnlyMemory<byte>>> Find(
        Requester requester, ReadOnlyMemory<byte> body, string? from, CancellationToken cancellationToken = default);

    /// <summary>As gateways of the version before call <see cref="Find"/>.</summary>
    [Alias("Search")]
    Task<Outcome<ReadOnlyMemory<byte>>> Search(Requester requester, ReadOnlyMemory<byte> body, string? from);
}
