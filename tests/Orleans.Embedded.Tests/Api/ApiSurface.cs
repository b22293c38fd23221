using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Orleans.Embedded.Tests.Api;

/// <summary>What code outside an assembly can see of a type: its shape, what it implements, and its members.</summary>
public sealed record TypeSurface(string Shape, IReadOnlySet<string> Interfaces, IReadOnlySet<string> Members);

/// <summary>The public types of an assembly, read from its metadata without loading it.</summary>
public static class ApiSurface
{
    private const MethodAttributes Access = MethodAttributes.MemberAccessMask;

    private static readonly TypeNames Names = new();

    /// <summary>The types by their full names.</summary>
    public static Dictionary<string, TypeSurface> Read(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        Dictionary<string, TypeSurface> types = [];
        foreach (var handle in reader.TypeDefinitions)
        {
            if (IsVisible(reader, reader.GetTypeDefinition(handle)))
                types[Names.GetTypeFromDefinition(reader, handle, 0)] = ReadType(reader, reader.GetTypeDefinition(handle));
        }
        return types;
    }

    private static bool IsVisible(MetadataReader reader, TypeDefinition type) => (type.Attributes & TypeAttributes.VisibilityMask) switch
    {
        TypeAttributes.Public => true,
        TypeAttributes.NestedPublic => IsVisible(reader, reader.GetTypeDefinition(type.GetDeclaringType())),
        _ => false,
    };

    private static TypeSurface ReadType(MetadataReader reader, TypeDefinition type)
    {
        var kind = type.Attributes & (TypeAttributes.Interface | TypeAttributes.Abstract | TypeAttributes.Sealed);
        var parent = type.BaseType.IsNil ? "" : NameOf(reader, type.BaseType);
        var generics = string.Join(",", type.GetGenericParameters().Select(p => Constraints(reader, p)));
        HashSet<string> interfaces = [];
        foreach (var implemented in type.GetInterfaceImplementations())
            interfaces.Add(NameOf(reader, reader.GetInterfaceImplementation(implemented).Interface));
        HashSet<string> members = [];
        foreach (var handle in type.GetMethods())
        {
            var method = reader.GetMethodDefinition(handle);
            if (IsVisible(method.Attributes & Access))
                members.Add(Method(reader, method));
        }
        foreach (var handle in type.GetFields())
        {
            var field = reader.GetFieldDefinition(handle);
            if ((field.Attributes & FieldAttributes.FieldAccessMask) is FieldAttributes.Public or FieldAttributes.Family)
                members.Add(Field(reader, field));
        }
        return new($"{kind} {parent} <{generics}>", interfaces, members);
    }

    private static bool IsVisible(MethodAttributes access) =>
        access is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem;

    private static string Method(MetadataReader reader, MethodDefinition method)
    {
        var signature = method.DecodeSignature(Names, null);
        var parameters = method.GetParameters().Select(reader.GetParameter).Where(p => p.SequenceNumber > 0)
            .OrderBy(p => p.SequenceNumber).ToList();
        var list = signature.ParameterTypes.Select((type, i) => i < parameters.Count
            ? $"{type} {reader.GetString(parameters[i].Name)}{Default(reader, parameters[i])}"
            : type);
        var access = (method.Attributes & Access) == MethodAttributes.Public ? "public" : "protected";
        var isStatic = (method.Attributes & MethodAttributes.Static) != 0 ? " static" : "";
        // A method that overrides is the same to callers as the one it overrides.
        var isVirtual = (method.Attributes & (MethodAttributes.Virtual | MethodAttributes.NewSlot | MethodAttributes.Final))
            == (MethodAttributes.Virtual | MethodAttributes.NewSlot) ? " virtual" : "";
        var generics = string.Concat(method.GetGenericParameters().Select(p => $"<{Constraints(reader, p)}>"));
        return $"{access}{isStatic}{isVirtual} {signature.ReturnType} {reader.GetString(method.Name)}{generics}({string.Join(", ", list)})";
    }

    private static string Field(MetadataReader reader, FieldDefinition field)
    {
        var constant = field.GetDefaultValue();
        var value = constant.IsNil ? "" : " = " + Constant(reader, constant);
        return $"{field.Attributes & (FieldAttributes.Static | FieldAttributes.Literal | FieldAttributes.InitOnly)} "
            + $"{field.DecodeSignature(Names, null)} {reader.GetString(field.Name)}{value}";
    }

    private static string Default(MetadataReader reader, Parameter parameter)
    {
        if ((parameter.Attributes & ParameterAttributes.Optional) == 0)
            return "";
        var constant = parameter.GetDefaultValue();
        return constant.IsNil ? " = default" : " = " + Constant(reader, constant);
    }

    private static string Constant(MetadataReader reader, ConstantHandle handle)
    {
        var constant = reader.GetConstant(handle);
        return $"{reader.GetBlobReader(constant.Value).ReadConstant(constant.TypeCode)}";
    }

    private static string Constraints(MetadataReader reader, GenericParameterHandle handle)
    {
        var parameter = reader.GetGenericParameter(handle);
        var types = parameter.GetConstraints().Select(c => NameOf(reader, reader.GetGenericParameterConstraint(c).Type)).Order();
        return $"{parameter.Attributes} {string.Join("+", types)}".Trim();
    }

    private static string NameOf(MetadataReader reader, EntityHandle type) => type.Kind switch
    {
        HandleKind.TypeDefinition => Names.GetTypeFromDefinition(reader, (TypeDefinitionHandle)type, 0),
        HandleKind.TypeReference => Names.GetTypeFromReference(reader, (TypeReferenceHandle)type, 0),
        _ => Names.GetTypeFromSpecification(reader, null, (TypeSpecificationHandle)type, 0),
    };
}
