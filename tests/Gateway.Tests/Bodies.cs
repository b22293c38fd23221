namespace OrleansMatrix.Gateway.Tests;

/// <summary>Request bodies that many tests need.</summary>
internal static class Bodies
{
    public static string Login(string user, string password = "secret", string more = "") =>
        $$$"""{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{{user}}}"},"password":"{{{password}}}"{{{more}}}}""";

    /// <summary>An auth member that proves the password.</summary>
    public static string PasswordAuth(string user, string password = "secret", string? session = null)
    {
        var withSession = session is null ? "" : $$""","session":"{{session}}" """;
        return $$$"""
            "auth":{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{{user}}}"},"password":"{{{password}}}"{{{withSession}}}}
            """;
    }
}
