namespace OrleansMatrix.Grains.Abstractions.Directory;

/// <summary>Finds users; key: the user id of who asks.</summary>
[Alias("IUserDirectoryGrain"), GrainInterfaceType("IUserDirectoryGrain")]
public interface IUserDirectoryGrain : IGrainWithStringKey
{
    /// <summary>Users whose id or display name contains the term, as a finished response body.</summary>
    [Alias("Search")]
    Task<ReadOnlyMemory<byte>> Search(string term, int limit);
}
