namespace OrleansMatrix.Silo.Commands;

/// <summary>A command was written wrongly; the message says how.</summary>
internal sealed class UsageException(string message) : Exception(message);
