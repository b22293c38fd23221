namespace OrleansMatrix.Grains.Abstractions.Account;

/// <summary>Authentication types (C-S API, Authentication types).</summary>
public static class UiaStages
{
    public const string Dummy = "m.login.dummy";
    public const string Password = "m.login.password";
    public const string RegistrationToken = "m.login.registration_token";
}
