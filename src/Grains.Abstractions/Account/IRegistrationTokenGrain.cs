namespace OrleansMatrix.Grains.Abstractions.Account;

/// <summary>A registration token; counts its uses. Key: the token.</summary>
public interface IRegistrationTokenGrain : IGrainWithStringKey
{
    /// <summary>True if the token exists, has not expired and has a use left.</summary>
    Task<bool> IsValid();

    /// <summary>Takes one use; false if there is none.</summary>
    Task<bool> Use();

    /// <summary>Gives a use back: the registration failed.</summary>
    Task Release();
}
