using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The verdict of the authorisation rules on an event, with the step that gave it.</summary>
public readonly record struct AuthResult
{
    private AuthResult(RoomVersion version, AuthRule rule, bool isAllowed)
    {
        Version = version;
        Rule = rule;
        IsAllowed = isAllowed;
    }

    /// <summary>True when the event is authorised.</summary>
    public bool IsAllowed { get; }

    /// <summary>The step that decided.</summary>
    public AuthRule Rule { get; }

    /// <summary>The room version whose rules were applied.</summary>
    public RoomVersion Version { get; }

    /// <summary>The step as the specification numbers it, such as "v12 5.3.2".</summary>
    public string RuleNumber => $"v{Version.Id} {AuthRuleNumbers.Of(Rule, Version)}";

    /// <summary>What the step looks at, in a few words.</summary>
    public string Text => AuthRuleNumbers.Wording(Rule);

    public static AuthResult Allow(RoomVersion version, AuthRule rule) => new(version, rule, true);

    public static AuthResult Reject(RoomVersion version, AuthRule rule) => new(version, rule, false);

    /// <inheritdoc/>
    public override string ToString() => $"{(IsAllowed ? "allowed" : "rejected")} by rule {RuleNumber}: {Text}";
}
