using System.Globalization;

namespace Orleans;

/// <summary>How long a caller of this method waits for the answer before it gets a <see cref="TimeoutException"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ResponseTimeoutAttribute(string timeout) : Attribute
{
    /// <summary>The wait, read from the constructor's argument as an invariant <see cref="TimeSpan"/>.</summary>
    public TimeSpan? Timeout { get; init; } = TimeSpan.Parse(timeout, CultureInfo.InvariantCulture);
}
