namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>Who may call an endpoint.</summary>
public enum Access
{
    /// <summary>Users with an access token, but not guests.</summary>
    User,

    /// <summary>Users with an access token, guests too (C-S API, Guest Access).</summary>
    Guest,

    /// <summary>Everybody; an access token that is given must be good.</summary>
    Optional,

    /// <summary>Everybody; an access token is not looked at.</summary>
    Anonymous,

    /// <summary>Server administrators.</summary>
    Admin,

    /// <summary>Other servers, by a signed request (S-S API, Request Authentication).</summary>
    Server,
}
