using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.Contracts;

public class MessageTypeTests
{
    [Fact]
    public void Every_message_of_a_grain_is_an_immutable_record_with_numbered_members() =>
        Assert.Equal([], MessageTypeCheck.Problems(typeof(Requester).Assembly));
}
