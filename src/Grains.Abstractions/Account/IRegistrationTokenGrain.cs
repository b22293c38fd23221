namespace OrleansMatrix.Grains.Abstractions.Account;

/// <summary>A registration token; counts its uses. Key: the token.</summary>
[Alias("IRegistrationTokenGrain"), GrainInterfaceType("IRegistrationTokenGrain")]
public interface IRegistrationTokenGrain : IGrainWithStringKey
{
    /// <summary>True if the token exists, has not expired and has a use left.</summary>
    [Alias("IsValid")]
    Task<bool> IsValid();

    /// <summary>Takes one use; false if there is none.</summary>
    [Alias("Use")]
    Task<bool> Use();

    /// <summary>Gives a use back: the registration failed.</summary>
    [Alias("Release")]
    Task Release();
}
