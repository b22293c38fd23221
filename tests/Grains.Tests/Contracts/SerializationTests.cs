using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Tests.Contracts;

/// <summary>What goes from one silo to another arrives whole.</summary>
public class SerializationTests
{
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().AddContracts().BuildServiceProvider();

    [Fact]
    public void Every_message_arrives_as_it_was_sent()
    {
        var seed = 0;
        var checkedTypes = 0;
        // Surrogates only pack others.
        foreach (var type in Messages.Types.Where(t => !t.Name.EndsWith("Surrogate", StringComparison.Ordinal))
            .Select(t => t.IsGenericTypeDefinition ? t.MakeGenericType(typeof(string)) : t).Where(t => !t.IsAbstract))
        {
            var sent = Messages.Sample(type, ref seed);
            Assert.Equal($"{type.Name}: {Messages.Text(sent)}", $"{type.Name}: {Messages.Text(Pass(sent))}");
            checkedTypes++;
        }

        Assert.True(checkedTypes > 50);
    }

    [Fact]
    public void A_value_arrives()
    {
        Assert.Equal("x", ((Outcome<string>)Pass((Outcome<string>)"x")!).Value);
        Assert.Equal(7, ((Outcome<long>)Pass((Outcome<long>)7)!).Value);
        Assert.True(((Outcome<string?>)Pass((Outcome<string?>)(string?)null)!).Ok);
    }

    [Fact]
    public void An_error_arrives_with_its_further_members()
    {
        var error = MatrixError.LimitExceeded(1234);
        var outcome = (Outcome<string>)Pass((Outcome<string>)error)!;
        Assert.False(outcome.Ok);
        Assert.Equal(Messages.Text(error), Messages.Text(outcome.Error));
    }

    [Fact]
    public void A_fault_arrives_as_what_it_is()
    {
        foreach (var fault in new Exception[] { new StaleFenceException("room !a:b"), new ConflictException("taken"),
            new InvalidOperationException("x", new TimeoutException("y")) })
        {
            var arrived = (Exception)Pass(fault)!;
            Assert.Equal((fault.GetType(), fault.Message, fault.InnerException?.GetType()),
                (arrived.GetType(), arrived.Message, arrived.InnerException?.GetType()));
        }
    }

    private object? Pass(object value)
    {
        var serializer = _services.GetRequiredService<Serializer>();
        return serializer.Deserialize<object>(serializer.SerializeToArray<object>(value));
    }
}
