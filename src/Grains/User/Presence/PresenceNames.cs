namespace OrleansMatrix.Grains.User.Presence;

/// <summary>The values of <c>presence</c> (C-S API, Presence).</summary>
internal static class PresenceNames
{
    public const string Online = "online";
    public const string Unavailable = "unavailable";
    public const string Offline = "offline";

    /// <summary>True for one of the three.</summary>
    public static bool IsValid(string? presence) => presence is Online or Unavailable or Offline;
}
