using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrleansMatrix.Protocol.Tests;

/// <summary>Checks values against JSON schemas, as far as the specification's event schemas use them.</summary>
internal static class JsonSchema
{
    /// <summary>What is wrong with the value, by path; nothing when it fits.</summary>
    public static List<string> Check(JsonElement schema, JsonElement value, string path = "$")
    {
        var problems = new List<string>();
        if (schema.ValueKind != JsonValueKind.Object)
        {
            if (schema.ValueKind == JsonValueKind.False)
                problems.Add($"{path}: nothing is allowed here");
            return problems;
        }

        foreach (var rule in schema.EnumerateObject())
            CheckRule(schema, rule, value, path, problems);
        return problems;
    }

    private static void CheckRule(JsonElement schema, JsonProperty rule, JsonElement value, string path, List<string> problems)
    {
        var isObject = value.ValueKind == JsonValueKind.Object;
        switch (rule.Name)
        {
            case "type":
                if (!TypeNames(rule.Value).Any(t => HasType(value, t)))
                    problems.Add($"{path}: is not of type {rule.Value.GetRawText()}");
                break;
            case "enum":
                if (!rule.Value.EnumerateArray().Any(v => JsonElement.DeepEquals(v, value)))
                    problems.Add($"{path}: is none of {rule.Value.GetRawText()}");
                break;
            case "allOf":
                foreach (var part in rule.Value.EnumerateArray())
                    problems.AddRange(Check(part, value, path));
                break;
            case "anyOf" or "oneOf":
                var fitting = rule.Value.EnumerateArray().Count(part => Check(part, value, path).Count == 0);
                if (fitting == 0 || (fitting > 1 && rule.Name == "oneOf"))
                    problems.Add($"{path}: fits {fitting} of {rule.Name}");
                break;
            case "required" when isObject:
                foreach (var name in rule.Value.EnumerateArray().Where(n => !value.TryGetProperty(n.GetString()!, out _)))
                    problems.Add($"{path}: has no {name.GetString()}");
                break;
            case "properties" when isObject:
                foreach (var property in rule.Value.EnumerateObject())
                {
                    if (value.TryGetProperty(property.Name, out var member))
                        problems.AddRange(Check(property.Value, member, $"{path}.{property.Name}"));
                }

                break;
            case "patternProperties" when isObject:
                foreach (var member in value.EnumerateObject())
                {
                    foreach (var pattern in rule.Value.EnumerateObject().Where(p => Regex.IsMatch(member.Name, p.Name)))
                        problems.AddRange(Check(pattern.Value, member.Value, $"{path}.{member.Name}"));
                }

                break;
            case "additionalProperties" when isObject:
                foreach (var member in value.EnumerateObject().Where(m => !IsNamed(schema, m.Name)))
                    problems.AddRange(Check(rule.Value, member.Value, $"{path}.{member.Name}"));
                break;
            case "propertyNames" when isObject:
                if (rule.Value.TryGetProperty("pattern", out var names) && value.EnumerateObject().Any(m => !Regex.IsMatch(m.Name, names.GetString()!)))
                    problems.Add($"{path}: has a key that is not allowed");
                break;
            case "items" when value.ValueKind == JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                    problems.AddRange(Check(rule.Value, item, path + "[]"));
                break;
            case "pattern" when value.ValueKind == JsonValueKind.String:
                if (!Regex.IsMatch(value.GetString()!, rule.Value.GetString()!))
                    problems.Add($"{path}: does not match {rule.Value.GetString()}");
                break;
            case "maxLength" when value.ValueKind == JsonValueKind.String:
                if (value.GetString()!.Length > rule.Value.GetInt32())
                    problems.Add($"{path}: is too long");
                break;
        }
    }

    private static bool IsNamed(JsonElement schema, string name) =>
        (schema.TryGetProperty("properties", out var named) && named.TryGetProperty(name, out _)) ||
        (schema.TryGetProperty("patternProperties", out var patterns) && patterns.EnumerateObject().Any(p => Regex.IsMatch(name, p.Name)));

    private static IEnumerable<string> TypeNames(JsonElement type) =>
        type.ValueKind == JsonValueKind.String ? [type.GetString()!] : type.EnumerateArray().Select(t => t.GetString()!);

    private static bool HasType(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
