using Microsoft.Extensions.Time.Testing;

namespace OrleansMatrix.TestSupport;

/// <summary>A clock that stands still until told, and starts where the made-up data of tests is neither old nor in the future.</summary>
public sealed class TestClock(DateTimeOffset? start = null) : FakeTimeProvider(start ?? new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
