using System.Reflection;
using System.Text.Json;

namespace OrleansMatrix.Protocol.Tests.Json;

/// <summary>
/// Whatever reads JSON text or writes it unread, with limits of its own, is banned by analyzer, so that all of it goes through JsonText: also what a newer .NET
/// adds.
/// </summary>
public class BannedJsonTests
{
    [Fact]
    public void Every_way_around_JsonText_is_banned()
    {
        var banned = File.ReadAllLines(TestFiles.Path("BannedSymbols.txt")).Select(line => line.Split(';')[0]).ToHashSet(StringComparer.Ordinal);
        var ways = new List<MethodBase>();
        foreach (var type in new[] { typeof(JsonDocument), typeof(JsonElement) })
            ways.AddRange(type.GetMethods(BindingFlags.Public | BindingFlags.Static).Where(m => m.Name.Contains("Parse", StringComparison.Ordinal)));
        ways.AddRange(typeof(Utf8JsonReader).GetConstructors());
        ways.AddRange(typeof(Utf8JsonWriter).GetMethods().Where(m => m.Name == "WriteRawValue"));
        Assert.True(ways.Count > 15);
        var missing = ways.Select(IdOf).Where(id => !banned.Contains(id)).Concat(
            new[] { "T:System.Text.Json.JsonSerializer", "T:System.Text.Json.Nodes.JsonNode" }.Where(id => !banned.Contains(id)));
        Assert.Empty(missing);
    }

    /// <summary>The documentation id of a method, as the analyzer's file names it.</summary>
    private static string IdOf(MethodBase method)
    {
        var name = method.IsConstructor ? "#ctor" : method.Name;
        return $"M:{method.DeclaringType!.FullName}.{name}({string.Join(',', method.GetParameters().Select(p => IdOf(p.ParameterType)))})";
    }

    private static string IdOf(Type type)
    {
        if (type.IsByRef)
            return IdOf(type.GetElementType()!) + "@";
        if (!type.IsGenericType)
            return type.FullName!;
        var name = type.GetGenericTypeDefinition().FullName!;
        return $"{name[..name.IndexOf('`', StringComparison.Ordinal)]}{{{string.Join(',', type.GetGenericArguments().Select(IdOf))}}}";
    }
}
