using System.Reflection;

namespace OrleansMatrix.Grains.Tests.Contracts;

/// <summary>
/// Silos of two versions talk to each other during a rolling restart: a message's name and the numbers and types of its members stay. The calls themselves are
/// listed in <c>OrleansContracts.txt</c> beside the interfaces, which the build compares.
/// </summary>
public class MessageListingTests
{
    private const string Listing = "messages.txt";

    [Fact]
    public void Every_message_is_as_the_listing_has_it()
    {
        var listed = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Contracts", Listing));
        var found = Messages.Types.SelectMany(Describe).ToList();
        var path = Path.Combine(Path.GetTempPath(), Listing);
        if (!listed.SequenceEqual(found))
            File.WriteAllLines(path, found);
        Assert.True(listed.SequenceEqual(found),
            $"tests/Grains.Tests/Contracts/{Listing} differs from the messages ({path} has them): a change must leave the meaning of what older silos send and read.");
    }

    private static IEnumerable<string> Describe(Type type)
    {
        yield return Messages.Alias(type);
        foreach (var line in type.IsEnum ? Values(type) : Members(type))
            yield return "  " + line;
    }

    private static IEnumerable<string> Values(Type type) =>
        Enum.GetValuesAsUnderlyingType(type).Cast<object>().Select(value => $"{value}: {Enum.GetName(type, value)}");

    private static IEnumerable<string> Members(Type type) => type.GetMembers(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
        .Select(member => (Id: member.GetCustomAttribute<IdAttribute>()?.Id, Member: member))
        .Where(m => m.Id is not null)
        .OrderBy(m => m.Id)
        .Select(m => $"{m.Id}: {Messages.Alias(m.Member is PropertyInfo p ? p.PropertyType : ((FieldInfo)m.Member).FieldType)} {m.Member.Name}");
}
