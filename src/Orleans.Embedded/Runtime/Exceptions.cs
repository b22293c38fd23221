namespace Orleans.Runtime;

/// <summary>A failure of the runtime.</summary>
[GenerateSerializer]
public class OrleansException : Exception
{
    /// <summary>Without a message.</summary>
    public OrleansException() : base("Unexpected error.") { }

    /// <summary>With a message.</summary>
    public OrleansException(string message) : base(message) { }

    /// <summary>With a message and a cause.</summary>
    public OrleansException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>A call was refused before the grain saw it.</summary>
[GenerateSerializer]
public class OrleansMessageRejectionException : OrleansException
{
    internal OrleansMessageRejectionException(string message) : base(message) { }

    internal OrleansMessageRejectionException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>The silo that ran the call died, or no silo takes the call. The call may have run or not.</summary>
[GenerateSerializer]
public sealed class SiloUnavailableException : OrleansMessageRejectionException
{
    /// <summary>Without a message of its own.</summary>
    public SiloUnavailableException() : base("The silo is unavailable.") { }

    /// <summary>With a message.</summary>
    public SiloUnavailableException(string msg) : base(msg) { }

    /// <summary>With a message and a cause.</summary>
    public SiloUnavailableException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>The host is set up wrongly.</summary>
[GenerateSerializer]
public sealed class OrleansConfigurationException : Exception
{
    /// <summary>With a message.</summary>
    public OrleansConfigurationException(string message) : base(message) { }

    /// <summary>With a message and a cause.</summary>
    public OrleansConfigurationException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>A grain's stream of elements ended with its activation.</summary>
[GenerateSerializer]
public sealed class EnumerationAbortedException : Exception
{
    /// <summary>Without a message of its own.</summary>
    public EnumerationAbortedException() { }

    /// <summary>With a message.</summary>
    public EnumerationAbortedException(string message) : base(message) { }

    /// <summary>With a message and a cause.</summary>
    public EnumerationAbortedException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>The object behind a reference to an observer is gone.</summary>
[GenerateSerializer]
public sealed class ClientNotAvailableException : OrleansException
{
    internal ClientNotAvailableException(GrainId id) : base($"The observer {id} is gone.") { }
}
