using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Orleans.Embedded.Generator;
using Orleans.Embedded.Tests.Grains;

namespace Orleans.Embedded.Tests;

public class GeneratorTests
{
    [Fact]
    public async Task Methods_of_every_allowed_form_reach_the_grain()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<Outer.IOddGrain>(-7);
        Assert.Equal("own", await grain.Name());
        Assert.Equal("inherited -7", await ((INamed)grain).Name());
        Assert.Equal("default", await grain.Greeting());
        Assert.Equal("x", await grain.Get("x"));
        Assert.Equal([null, "b"], (await grain.All())["a"]);
        Assert.Equal(8, await grain.@event(5, "abc"));
        Assert.Equal((3, null), await grain.Overload(3));
        Assert.Equal("abc", await grain.Overload("a", "b", "c"));
        Assert.Equal(1.5, await grain.Same(1.5));
        Assert.Equal([2], await grain.Make<HashSet<int>, int>(2));
        Assert.Equal([DayOfWeek.Monday, null], await grain.Days(DayOfWeek.Monday, TestContext.Current.CancellationToken));
        await grain.Forget("forgotten");
        await cluster.Gates.Reached("forgotten");
    }

    [Fact]
    public async Task Keys_of_all_kinds_come_back_as_they_were_given()
    {
        await using var cluster = await TestCluster.StartAsync();
        var key = new Guid("0f8fad5b-d9cb-469f-a165-70867728950e");
        Assert.Equal((key, "by-guid"), await cluster.Grains.GetGrain<IGuidGrain>(key).Me());
        Assert.Equal(-7, cluster.Grains.GetGrain<Outer.IOddGrain>(-7).GetPrimaryKeyLong());
        var echo = cluster.Grains.GetGrain<IEchoGrain>("a/b c");
        Assert.Equal("a/b c", echo.GetPrimaryKeyString());
        Assert.Equal(echo, cluster.Grains.GetGrain<IEchoGrain>(Orleans.Runtime.GrainId.Parse(echo.GetGrainId().ToString())));
        Assert.Equal("a/b c: x", await ((IEchoGrain)echo).AsReference<IEchoGrain>().Echo("x"));
        Assert.Throws<ArgumentException>(() => cluster.Grains.GetGrain<IEchoGrain>(" "));
    }

    [Theory]
    [InlineData("public interface I<T> : IGrainWithStringKey { Task A(); }", "OEG001")]
    [InlineData("public class C { private interface I : IGrainWithStringKey { Task A(); } }", "OEG001")]
    [InlineData("public interface I : IGrainWithStringKey { int A(); }", "OEG002")]
    [InlineData("public interface I : IGrainWithStringKey { int A { get; } }", "OEG002")]
    [InlineData("public interface I : IGrainWithStringKey { Task A(ref int x); }", "OEG002")]
    [InlineData("public interface I : IGrainWithStringKey { [Orleans.Concurrency.OneWay] Task<int> A(); }", "OEG002")]
    [InlineData("public interface I : IGrainWithStringKey { Task A(); } public class G<T> : Grain, I { public Task A() => Task.CompletedTask; }", "OEG003")]
    [InlineData("public interface I : IGrainWithStringKey { Task A(); } public class G : Grain, I { private G() { } public Task A() => Task.CompletedTask; }", "OEG003")]
    public void What_the_engine_cannot_run_is_an_error(string code, string id) =>
        Assert.Contains(Generate(code).Diagnostics, diagnostic => diagnostic.Id == id && diagnostic.Location != Location.None);

    [Fact]
    public void A_compilation_without_grains_gets_no_code() => Assert.Empty(Generate("public class C;").GeneratedTrees);

    [Fact]
    public void The_code_compiles_without_a_warning_and_is_the_same_each_time()
    {
        const string Code = """
            public interface I : IGrainWithStringKey { Task<int?> A(string? x = null, CancellationToken ct = default); IAsyncEnumerable<string?> B(CancellationToken ct); }
            public class G(IServiceProvider? services, string? name = null) : Grain, I
            {
                public Task<int?> A(string? x, CancellationToken ct) => Task.FromResult<int?>(services is null ? null : name?.Length);
                public async IAsyncEnumerable<string?> B([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct) { await Task.Yield(); yield return null; }
            }
            """;
        var compilation = Compile(Code);
        var driver = CSharpGeneratorDriver.Create(new GrainGenerator())
            .RunGeneratorsAndUpdateCompilation(compilation, out var output, out var problems, TestContext.Current.CancellationToken);
        Assert.Empty(problems);
        Assert.Empty(output.GetDiagnostics(TestContext.Current.CancellationToken).Where(d => d.Severity >= DiagnosticSeverity.Warning).Select(d => d.ToString()));
        Assert.Equal(driver.GetRunResult().GeneratedTrees.Select(t => t.ToString()), Generate(Code).GeneratedTrees.Select(t => t.ToString()));
    }

    private static GeneratorDriverRunResult Generate(string code) => CSharpGeneratorDriver.Create(new GrainGenerator())
        .RunGenerators(Compile(code), TestContext.Current.CancellationToken).GetRunResult();

    private static CSharpCompilation Compile(string code)
    {
        const string Usings = "using System; using System.Collections.Generic; using System.Threading; using System.Threading.Tasks; using Orleans;\n";
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => !Path.GetFileName(path).StartsWith("Orleans.Embedded.Tests", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path));
        return CSharpCompilation.Create("Sample", [CSharpSyntaxTree.ParseText(Usings + code)],
            references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
    }
}
