using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Tests.Contracts;

/// <summary>What grains send each other, by reflection.</summary>
internal static class Messages
{
    /// <summary>Every message type, in the order of their names between silos.</summary>
    public static IReadOnlyList<Type> Types { get; } =
        [.. typeof(Requester).Assembly.GetTypes().Where(t => t.GetCustomAttribute<GenerateSerializerAttribute>() is not null)
            .OrderBy(Alias, StringComparer.Ordinal)];

    /// <summary>A type's name between silos, with those of its arguments.</summary>
    public static string Alias(Type type)
    {
        var name = type.GetCustomAttribute<AliasAttribute>()?.Alias ?? type.Name;
        return type.IsConstructedGenericType ? $"{name}<{string.Join(", ", type.GenericTypeArguments.Select(Alias))}>" : name;
    }

    /// <summary>Some value of a type, no two alike where that can be.</summary>
    public static object Sample(Type type, ref int seed)
    {
        seed++;
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Sample(underlying, ref seed);
        if (type == typeof(string))
            return $"s{seed}";
        if (type == typeof(UserId))
            return UserId.Parse($"@s{seed}:x");
        if (type == typeof(RoomId))
            return RoomId.Parse($"!s{seed}:x");
        if (type == typeof(EventId))
            return EventId.Parse($"$s{seed}");
        if (type == typeof(ServerName))
            return ServerName.Parse($"s{seed}");
        if (type == typeof(bool))
            return seed % 2 == 0;
        if (type == typeof(ReadOnlyMemory<byte>))
            return new ReadOnlyMemory<byte>([1, (byte)seed]);
        if (type.IsEnum)
            return Enum.GetValues(type).GetValue(seed % Enum.GetValues(type).Length)!;
        if (type.IsPrimitive)
            return Convert.ChangeType(seed % 100, type, provider: null);
        if (type == typeof(DateTimeOffset))
            return DateTimeOffset.UnixEpoch.AddSeconds(seed);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
            return SampleArray(type.GenericTypeArguments[0], ref seed);
        return SampleObject(type, ref seed);
    }

    private static object SampleArray(Type element, ref int seed)
    {
        var items = Array.CreateInstance(element, 2);
        for (var i = 0; i < items.Length; i++)
            items.SetValue(Sample(element, ref seed), i);
        var create = typeof(ImmutableArray).GetMethods()
            .Single(m => m.Name == nameof(ImmutableArray.Create) && m.GetParameters() is [{ ParameterType.IsArray: true }]);
        return create.MakeGenericMethod(element).Invoke(null, [items])!;
    }

    private static object SampleObject(Type type, ref int seed)
    {
        var value = RuntimeHelpers.GetUninitializedObject(type);
        foreach (var field in Fields(type))
            field.SetValue(value, Sample(field.FieldType, ref seed));
        return value;
    }

    /// <summary>All that a value holds, as text: records compare arrays and memory by reference.</summary>
    public static string Text(object? value) => value switch
    {
        null => "null",
        string text => text,
        ReadOnlyMemory<byte> bytes => Convert.ToHexString(bytes.Span),
        System.Collections.IEnumerable items => $"[{string.Join(", ", items.Cast<object?>().Select(Text))}]",
        _ when value.GetType() is { IsPrimitive: true } or { IsEnum: true } => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
        DateTimeOffset time => time.ToString("O", System.Globalization.CultureInfo.InvariantCulture),
        _ => $"{value.GetType().Name}({string.Join(", ", Fields(value.GetType()).Select(f => $"{f.Name}={Text(f.GetValue(value))}"))})",
    };

    private static IEnumerable<FieldInfo> Fields(Type type)
    {
        for (var t = type; t is not null && t != typeof(object) && t != typeof(ValueType); t = t.BaseType)
        {
            foreach (var field in t.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                yield return field;
        }
    }
}
