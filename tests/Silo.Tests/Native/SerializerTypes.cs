using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Serialization.Activators;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Configuration;
using Orleans.Serialization.Invocation;
using Orleans.Serialization.Serializers;

namespace OrleansMatrix.Silo.Tests.Native;

/// <summary>
/// What the serializer makes at run time for all grain interfaces, by having it made: generic types over value types, which an executable compiled ahead has
/// only if they are named to the compiler.
/// </summary>
internal sealed partial class SerializerTypes(IServiceProvider services)
{
    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly Type[] s_services =
        [typeof(IFieldCodec<>), typeof(IDeepCopier<>), typeof(IBaseCodec<>), typeof(IBaseCopier<>), typeof(IValueSerializer<>), typeof(IActivator<>)];

    private static readonly Type[] s_surrogates = [typeof(SurrogateCodec<,,>), typeof(ValueTypeSurrogateCodec<,,>)];

    // What may be behind an interface: a value is written as what it is.
    private static readonly Type[] s_collections =
    [
        typeof(List<>), typeof(Collection<>), typeof(ReadOnlyCollection<>), typeof(ImmutableArray<>), typeof(ImmutableList<>),
        typeof(HashSet<>), typeof(SortedSet<>), typeof(FrozenSet<>), typeof(ImmutableHashSet<>), typeof(ImmutableSortedSet<>),
    ];

    private static readonly Type[] s_maps =
    [
        typeof(Dictionary<,>), typeof(SortedDictionary<,>), typeof(ConcurrentDictionary<,>), typeof(ReadOnlyDictionary<,>), typeof(FrozenDictionary<,>),
        typeof(ImmutableDictionary<,>), typeof(ImmutableSortedDictionary<,>),
    ];

    private readonly CodecProvider _provider = services.GetRequiredService<CodecProvider>();
    private readonly TypeManifestOptions _manifest = services.GetRequiredService<IOptions<TypeManifestOptions>>().Value;
    private readonly HashSet<Type> _asked = [];

    /// <summary>One type of each shape; those that differ only in reference types share their code.</summary>
    public IReadOnlyList<Type> Find()
    {
        AskForMessages();
        foreach (var type in AppDomain.CurrentDomain.GetAssemblies().Where(IsPart).SelectMany(static assembly => assembly.GetTypes()))
            AskForServices(type);
        var made = new HashSet<Type>();
        var done = new HashSet<Type>();
        while (_asked.FirstOrDefault(type => !done.Contains(type)) is not null)
        {
            foreach (var type in _asked.Where(done.Add).ToList())
                Make(type, made);
            foreach (var type in Instances().SelectMany(WithConverter))
            {
                if (made.Add(type))
                    AskForServices(type);
            }
        }

        return [.. made
            .Where(static type => type.IsGenericType && type.GenericTypeArguments.Any(static argument => argument.IsValueType))
            .Where(static type => !NotUsed().IsMatch(type.ToString()))
            .GroupBy(Shape)
            .Select(static same => same.MinBy(static type => type.ToString(), StringComparer.Ordinal)!)
            .OrderBy(static type => type.ToString(), StringComparer.Ordinal)];
    }

    /// <summary>Assemblies that Orleans reads types from.</summary>
    public static bool IsPart(Assembly assembly) =>
        assembly.GetCustomAttributesData().Any(static attribute => attribute.AttributeType == typeof(Orleans.ApplicationPartAttribute)) &&
        !assembly.GetName().Name!.Contains("Test", StringComparison.Ordinal);

    // Features of Orleans that are off, and types of the runtime that no message has.
    [GeneratedRegex(
        @"Repartitioning|Rebalancing|LeaseProviders|Activator`1|BitVector32|BigInteger|ArraySegment|Message\+|ResponseCode\b|\.Tests\.|" +
        @"System\.(Half|U?Int128|DayOfWeek|Char|Decimal|DateOnly|TimeOnly|DateTimeKind|SByte)\b")]
    private static partial Regex NotUsed();

    private void Make(Type type, HashSet<Type> made)
    {
        Try("TryGetCodec", type);
        Try("TryGetDeepCopier", type);
        if (!type.IsValueType)
        {
            Try("GetBaseCodec", type);
            Try("GetBaseCopier", type);
            return;
        }

        made.Add(Maker("ValueServices`1", type));
        if (Nullable.GetUnderlyingType(type) is null && Try("GetValueSerializer", type))
            made.Add(Maker("ValueSerializerService`1", type));
    }

    private List<Type> Instances() => [.. typeof(CodecProvider).GetFields(Declared)
        .Where(static field => field.FieldType.Name.StartsWith("ConcurrentDictionary", StringComparison.Ordinal))
        .SelectMany(field => ((IDictionary)field.GetValue(_provider)!).Values.Cast<object>())
        .Select(static instance => instance.GetType())];

    // A surrogate's codec is made with its converter, which is not kept by itself.
    private static IEnumerable<Type> WithConverter(Type type) => type.IsGenericType && s_surrogates.Contains(type.GetGenericTypeDefinition())
        ? [type, type.GenericTypeArguments[2]]
        : [type];

    private static Type Maker(string name, Type type) =>
        typeof(MatrixServer).Assembly.GetType("OrleansMatrix.Silo.Native." + name, throwOnError: true)!.MakeGenericType(type);

    private static string Shape(Type type)
    {
        return type.GetGenericTypeDefinition().FullName + string.Join(',', type.GenericTypeArguments.Select(Argument));

        static string Argument(Type argument) => argument switch
        {
            { IsValueType: false } => "_",
            { IsGenericType: true } => $"{argument.GetGenericTypeDefinition().FullName}<{string.Join(',', argument.GenericTypeArguments.Select(Argument))}>",
            _ => argument.FullName!,
        };
    }

    private void AskForMessages()
    {
        var interfaces = _manifest.Interfaces.SelectMany(static type => type.GetInterfaces().Append(type));
        foreach (var method in interfaces.SelectMany(static type => type.GetMethods(Declared)))
        {
            if (method.ContainsGenericParameters)
                continue;
            var answer = method.ReturnType;
            if (answer.IsGenericType && (answer.GetGenericTypeDefinition() == typeof(Task<>) || answer.GetGenericTypeDefinition() == typeof(ValueTask<>)))
            {
                Ask(answer.GenericTypeArguments[0]);
                Ask(typeof(Response<>).MakeGenericType(answer.GenericTypeArguments[0]));
            }

            foreach (var parameter in method.GetParameters())
                Ask(parameter.ParameterType);
        }
    }

    // Codecs and copiers are made of codecs and copiers.
    private void AskForServices(Type type)
    {
        var parts = Bases(type).SelectMany(static type => type.GetFields(Declared)).Select(static field => field.FieldType)
            .Concat(type.GetConstructors(Declared).SelectMany(static made => made.GetParameters()).Select(static parameter => parameter.ParameterType))
            .Concat(type.GetInterfaces());
        foreach (var part in parts)
        {
            if (part.IsConstructedGenericType && s_services.Contains(part.GetGenericTypeDefinition()))
                Ask(part.GenericTypeArguments[0]);
        }
    }

    private static IEnumerable<Type> Bases(Type? type)
    {
        for (; type is not null; type = type.BaseType)
            yield return type;
    }

    private void Ask(Type type)
    {
        if (type.HasElementType && !type.IsPointer)
            Ask(type.GetElementType()!);
        if (type.ContainsGenericParameters || type.IsPointer || type.IsFunctionPointer || type.IsByRef || type.IsByRefLike || type == typeof(void))
            return;
        if (!_asked.Add(type))
            return;
        foreach (var argument in type.GenericTypeArguments)
            Ask(argument);
        AskForCollections(type);
        if (!type.IsDefined(typeof(Orleans.GenerateSerializerAttribute), inherit: false))
            return;
        foreach (var field in type.GetFields(Declared).Where(static field => !field.IsStatic))
            Ask(field.FieldType);
    }

    private void AskForCollections(Type type)
    {
        if (!type.IsInterface || !type.IsGenericType || type.Namespace != "System.Collections.Generic") return;
        var arguments = type.GenericTypeArguments;
        if (arguments.Length == 1) Ask(arguments[0].MakeArrayType());
        foreach (var definition in arguments.Length == 1 ? s_collections : s_maps)
        {
            var made = definition.MakeGenericType(arguments);
            if (type.IsAssignableFrom(made)) Ask(made);
        }
    }

    private bool Try(string method, Type type)
    {
        try
        {
            var open = typeof(CodecProvider).GetMethods().Single(candidate => candidate.Name == method && candidate.IsGenericMethod);
            return open.MakeGenericMethod(type).Invoke(_provider, null) is not null;
        }
        catch (TargetInvocationException)
        {
            return false;
        }
    }
}
