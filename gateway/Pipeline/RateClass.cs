namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>Request rates, each counted by itself for a user or, without one, an address.</summary>
public enum RateClass
{
    /// <summary>What the specification marks as rate-limited, if no other class fits: 50/s, bursts of 200.</summary>
    General,

    /// <summary>Logging in, refreshing and proving a password: 5/s, bursts of 50.</summary>
    Login,

    /// <summary>Registering: 2/s, bursts of 20.</summary>
    Registration,

    /// <summary>Uploads, downloads and thumbnails: 20/s, bursts of 200.</summary>
    Media,

    /// <summary>What costs other servers or other users something (invites, knocks, reports): 5/s, bursts of 50.</summary>
    Outreach,

    /// <summary>Tokens that this process does not remember, by address: each is a call of an account, which may not exist. 100/s, bursts of 1,000.</summary>
    Authentication,

    /// <summary>Requests of other servers: 200/s, bursts of 2,000.</summary>
    Server,
}
