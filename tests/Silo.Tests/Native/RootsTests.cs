using System.Runtime.CompilerServices;
using System.Text;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Silo.Tests.Native;

/// <summary>
/// <c>silo/Native/roots.rd.xml</c> names to the compiler what only run time would know. With <c>WRITE_ROOTS=1</c> in the environment the test writes the file.
/// </summary>
public sealed class RootsTests
{
    // The native executable is published without it.
    private const string JitOnly = "Orleans.Dashboard";

    [Fact]
    public void The_executable_has_all_types_that_serializers_are_made_of()
    {
        using var folder = new TemporaryFolder();
        using var server = MatrixServer.Build([$"--Matrix:DataDirectory={folder.Path}"]);
        var roots = Write([.. new SerializerTypes(server.Services).Find().Where(static type => !Name(type).Contains(JitOnly, StringComparison.Ordinal))]);
        var path = Path.Combine(Repository(), "silo/Native/roots.rd.xml");
        if (Environment.GetEnvironmentVariable("WRITE_ROOTS") == "1")
            File.WriteAllText(path, roots);
        Assert.Equal(File.ReadAllText(path), roots);
    }

    private static string Write(IReadOnlyList<Type> types)
    {
        var text = new StringBuilder();
        text.Append("""
            <!-- What an executable compiled ahead must have, since it is only asked for at run time. Written by tests/Silo.Tests/Native/RootsTests.cs. -->
            <Directives xmlns="http://schemas.microsoft.com/netfx/2013/01/metadata">
              <Application>

            """);
        foreach (var assembly in types.GroupBy(Assembly).OrderBy(static group => group.Key, StringComparer.Ordinal))
            Append(assembly.Key, assembly.Select(Name));

        // Orleans finds these by attributes of their assemblies.
        var parts = AppDomain.CurrentDomain.GetAssemblies().Where(SerializerTypes.IsPart).Select(static part => part.GetName().Name!)
            .Where(static part => part != JitOnly);
        foreach (var part in parts.Order(StringComparer.Ordinal))
        {
            var flat = part.Replace(".", "", StringComparison.Ordinal);
            Append(part, [$"OrleansCodeGen.{flat}.Metadata_{flat}"]);
        }

        // Orleans' providers on PostgreSQL load it by name.
        Append("Npgsql", ["Npgsql.NpgsqlFactory"]);
        return text.Append("  </Application>\n</Directives>\n").ToString();

        void Append(string assembly, IEnumerable<string> names)
        {
            text.Append("    <Assembly Name=\"").Append(assembly).Append("\">\n");
            foreach (var name in names)
                text.Append("      <Type Name=\"").Append(name).Append("\" Dynamic=\"Required All\" />\n");
            text.Append("    </Assembly>\n");
        }
    }

    private static string Name(Type type) => type switch
    {
        { IsArray: true } => Name(type.GetElementType()!) + "[]",
        { IsGenericType: true } => type.GetGenericTypeDefinition().FullName + "[" +
            string.Join(',', type.GenericTypeArguments.Select(static argument => $"[{Name(argument)}, {Assembly(argument)}]")) + "]",
        _ => type.FullName!,
    };

    private static string Assembly(Type type) => type.Assembly.GetName().Name!;

    private static string Repository([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../../.."));
}
