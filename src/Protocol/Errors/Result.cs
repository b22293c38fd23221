using System.Diagnostics.CodeAnalysis;

namespace OrleansMatrix.Protocol.Errors;

/// <summary>Either a value or a <see cref="MatrixError"/>. Converts implicitly from both.</summary>
public readonly struct Result<T>
{
    private readonly T? _value;

    private Result(T? value, MatrixError? error)
    {
        _value = value;
        Error = error;
    }

    /// <summary>The error, or null when there is a value.</summary>
    public MatrixError? Error { get; }

    /// <summary>True when there is a value.</summary>
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">There is an error instead.</exception>
    public T Value => Error is null ? _value! : throw new InvalidOperationException($"{Error.ErrCode}: {Error.Message}");

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(MatrixError error) =>
        new(default, error ?? throw new ArgumentNullException(nameof(error)));

    /// <summary>True with the value, or false with the error.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out MatrixError? error)
    {
        value = _value;
        error = Error;
        return error is null;
    }
}
