using System.Text;

namespace OrleansMatrix.Protocol.Identifiers;

/// <summary>A device id: opaque text, at most 255 bytes here, unique within its user.</summary>
public readonly record struct DeviceId
{
    private const int GeneratedLength = 10;
    private readonly string? _value;

    private DeviceId(string value) => _value = value;

    /// <summary>The id as text.</summary>
    public string Value => _value ?? "";

    /// <summary>Parses an id: any text but the empty one, NUL and over 255 bytes.</summary>
    public static bool TryParse(string? text, out DeviceId id)
    {
        var valid = text is { Length: > 0 and <= IdentifierGrammar.MaxBytes } && !text.Contains('\0') &&
            Encoding.UTF8.GetByteCount(text) <= IdentifierGrammar.MaxBytes;
        id = valid ? new DeviceId(text!) : default;
        return valid;
    }

    /// <summary>A new id of ten upper-case letters.</summary>
    public static DeviceId Generate(IRandom random) => new(RandomText.Uppercase(random, GeneratedLength));

    /// <inheritdoc/>
    public override string ToString() => Value;
}
