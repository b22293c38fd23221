using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace OrleansMatrix.TestSupport;

/// <summary>
/// Holds the messages of grain interfaces to the rule that lets them be passed by reference or copied alike: immutable
/// records marked [GenerateSerializer, Immutable] with an [Id] on each member, made of nothing but such records and plain
/// values. It goes by the names of the attributes, so it does for either engine.
/// </summary>
public sealed class MessageTypeCheck
{
    private static readonly HashSet<Type> Leaves =
    [
        typeof(bool), typeof(char), typeof(sbyte), typeof(byte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long),
        typeof(ulong), typeof(float), typeof(double), typeof(decimal), typeof(string), typeof(Guid), typeof(TimeSpan),
        typeof(DateTimeOffset), typeof(ReadOnlyMemory<byte>), typeof(CancellationToken), typeof(void),
    ];

    private static readonly HashSet<Type> Containers =
    [
        typeof(Nullable<>), typeof(ImmutableArray<>), typeof(ImmutableDictionary<,>), typeof(Task<>), typeof(ValueTask<>),
        typeof(IAsyncEnumerable<>),
    ];

    private readonly HashSet<Type> _seen = [typeof(Task), typeof(ValueTask)];
    private readonly List<string> _problems = [];

    // Types that know nothing of Orleans: an IConverter<Type, Surrogate> packs them into a message that is held to the rule in their stead.
    private readonly HashSet<Type> _converted;

    private MessageTypeCheck(IEnumerable<Type> types) => _converted = [.. types
        .Where(type => Has(type, "RegisterConverterAttribute"))
        .SelectMany(type => type.GetInterfaces())
        .Where(i => i.IsGenericType && i.GetGenericTypeDefinition().FullName == "Orleans.IConverter`2")
        .Select(i => Definition(i.GenericTypeArguments[0]))];

    /// <summary>What is wrong with the messages of an assembly's grain interfaces, and with its marked types; empty if nothing is.</summary>
    public static IReadOnlyList<string> Problems(Assembly assembly) => Problems(assembly.GetTypes());

    /// <summary>What is wrong with the messages of these interfaces, and with these types if they are marked.</summary>
    public static IReadOnlyList<string> Problems(IReadOnlyCollection<Type> types)
    {
        var check = new MessageTypeCheck(types);
        foreach (var type in types)
        {
            if (type.IsInterface && IsAddressable(type))
                check.CheckInterface(type);
            else if (Has(type, "GenerateSerializerAttribute"))
                check.CheckType(type, type.Name);
        }
        return check._problems;
    }

    private static bool IsAddressable(Type type) => type.GetInterfaces().Append(type).Any(i => i.FullName == "Orleans.Runtime.IAddressable");

    private static bool Has(MemberInfo member, string attribute) => Find(member.CustomAttributes, attribute) is not null;

    private static CustomAttributeData? Find(IEnumerable<CustomAttributeData> attributes, string name) =>
        attributes.FirstOrDefault(a => a.AttributeType.FullName == "Orleans." + name);

    private void CheckInterface(Type type)
    {
        foreach (var method in type.GetMethods())
        {
            var where = $"{type.Name}.{method.Name}";
            CheckType(method.ReturnType, where);
            foreach (var parameter in method.GetParameters())
                CheckType(parameter.ParameterType, $"{where}({parameter.Name})");
        }
    }

    private void CheckType(Type type, string where)
    {
        if (type.IsGenericParameter || type.IsEnum || Leaves.Contains(type) || IsAddressable(type))
            return;
        var definition = Definition(type);
        if (type.IsGenericType)
        {
            foreach (var argument in type.GetGenericArguments())
                CheckType(argument, where);
        }
        if (Containers.Contains(definition) || _converted.Contains(definition) || !_seen.Add(definition))
            return;
        if (!Has(definition, "GenerateSerializerAttribute") || !Has(definition, "ImmutableAttribute"))
            Report(where, $"{Name(type)} is not marked [GenerateSerializer, Immutable]");
        else
            CheckRecord(definition);
    }

    private void CheckRecord(Type type)
    {
        const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        if (!IsRecord(type))
            Report(Name(type), "it is not a record");
        if (!type.IsValueType && !type.IsSealed && !type.IsAbstract)
            Report(Name(type), "it is neither sealed nor abstract");
        if (type.IsValueType && !type.IsDefined(typeof(IsReadOnlyAttribute)) && !type.GetProperties(Own).All(IsReadOnly))
            Report(Name(type), "it is a struct that is not read-only");
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
            CheckType(parent, Name(type));
        HashSet<uint> ids = [];
        foreach (var field in type.GetFields(Own))
        {
            var property = field.Name.StartsWith('<') ? type.GetProperty(field.Name[1..field.Name.IndexOf('>')], Own) : null;
            var member = (MemberInfo?)property ?? field;
            var where = $"{Name(type)}.{member.Name}";
            if (IdOf(type, member) is not { } id)
                Report(where, "it has no [Id]");
            else if (!ids.Add(id))
                Report(where, $"its [Id({id})] is another member's too");
            if (property is null ? !field.IsInitOnly : !IsReadOnly(property))
                Report(where, "it can be changed");
            CheckType(field.FieldType, where);
        }
    }

    // On the property, or on the parameter of the primary constructor.
    private static uint? IdOf(Type type, MemberInfo member)
    {
        var attribute = Find(member.CustomAttributes, "IdAttribute") ?? type.GetConstructors().SelectMany(c => c.GetParameters())
            .Where(p => p.Name == member.Name).Select(p => Find(p.CustomAttributes, "IdAttribute")).FirstOrDefault(a => a is not null);
        return (uint?)attribute?.ConstructorArguments[0].Value;
    }

    // An internal setter is there for the serializer's generated code, which cannot call one that is init without making code at run time.
    private static bool IsReadOnly(PropertyInfo property) => property.SetMethod is not { IsPublic: true } set
        || set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static bool IsRecord(Type type) => type.IsValueType
        ? type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is not null
        : type.GetMethod("<Clone>$") is not null;

    private static Type Definition(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : type;

    private static string Name(Type type) => type.IsArray ? type.GetElementType()!.Name + "[]" : type.Name;

    private void Report(string where, string what) => _problems.Add($"{where}: {what}");
}
