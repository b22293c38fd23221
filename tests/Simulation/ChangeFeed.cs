namespace OrleansMatrix.Simulation;

/// <summary>What following the other silos' changes sends over the network (ADR 0003), by PostgreSQL's protocol 3.0, section 54.7, without TCP's headers.</summary>
public static class ChangeFeed
{
    private const int Header = 1 + 4;
    private const string Channel = "matrix_changes";

    /// <summary>A line of a notification: its end, the kind of the change, a space, the key (ChangeNotice).</summary>
    public static int LineBytes(int keyLength) => 1 + 1 + 1 + keyLength;

    /// <summary>NotificationResponse: the process that notified, the channel and the new head, before the lines, as texts that end with a zero.</summary>
    public static int NotificationBytes(long head) => Header + 4 + Channel.Length + 1 + head.ToString(System.Globalization.CultureInfo.InvariantCulture).Length + 1;

    /// <summary>Bytes a second that each silo reads, and that the database sends to all.</summary>
    /// <param name="changes">Changes a second of all silos together.</param>
    /// <param name="groups">Commits a second of all silos together: each notifies, and is small enough for a notification.</param>
    public static (double PerSilo, double Database) BytesPerSecond(int silos, double changes, double groups, int keyLength, long head)
    {
        // A silo is notified of its own commits, too.
        var perSilo = changes * LineBytes(keyLength) + groups * NotificationBytes(head);
        return (perSilo, perSilo * silos);
    }
}
