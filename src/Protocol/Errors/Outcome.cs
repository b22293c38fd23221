using System.Diagnostics.CodeAnalysis;

namespace OrleansMatrix.Protocol.Errors;

/// <summary>
/// Either a value, or the <see cref="MatrixError"/> that names the failed rule. Faults are exceptions instead. Converts implicitly from both.
/// </summary>
public readonly struct Outcome<T>
{
    private readonly T? _value;

    private Outcome(T? value, MatrixError? error)
    {
        _value = value;
        Error = error;
    }

    /// <summary>The error, or null when there is a value.</summary>
    public MatrixError? Error { get; }

    /// <summary>True when there is a value.</summary>
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Ok => Error is null;

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">There is an error instead.</exception>
    public T Value => Error is null ? _value! : throw new InvalidOperationException($"{Error.ErrCode}: {Error.Message}");

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(MatrixError error) =>
        new(default, error ?? throw new ArgumentNullException(nameof(error)));

    /// <summary>True with the value, or false with the error.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out MatrixError? error)
    {
        value = _value;
        error = Error;
        return error is null;
    }
}
