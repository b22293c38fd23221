namespace OrleansMatrix.Grains.Abstractions.Directory;

/// <summary>Finds users; key: the user id of who asks.</summary>
public interface IUserDirectoryGrain : IGrainWithStringKey
{
    /// <summary>Users whose id or display name contains the term, as a finished response body.</summary>
    Task<ReadOnlyMemory<byte>> Search(string term, int limit);
}
