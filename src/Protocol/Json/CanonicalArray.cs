namespace OrleansMatrix.Protocol.Json;

/// <summary>Walks the items of an array that is known to be canonical JSON.</summary>
internal ref struct CanonicalArray(ReadOnlySpan<byte> json)
{
    private readonly ReadOnlySpan<byte> _json = json;
    private int _next = 1;

    /// <summary>The item as it is written.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes to the next item; false when there is none.</summary>
    public bool MoveNext()
    {
        if (_json[_next] == ']')
            return false;
        var end = CanonicalObject.EndOfValue(_json, _next);
        Value = _json[_next..end];
        _next = _json[end] == ']' ? end : end + 1;
        return true;
    }
}
