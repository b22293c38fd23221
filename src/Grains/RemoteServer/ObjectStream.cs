using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Reads a JSON object from a stream: the objects of its big lists are handed on one by one, so that memory holds one of them at a time.</summary>
/// <param name="stream">The JSON.</param>
/// <param name="lists">The names of the lists.</param>
/// <param name="kept">The names of other members that are wanted.</param>
/// <param name="onItem">Takes the name of the list and the object.</param>
internal sealed class ObjectStream(Stream stream, IReadOnlySet<string> lists, IReadOnlySet<string> kept, Func<string, ReadOnlyMemory<byte>, ValueTask> onItem)
{
    private const int FirstBuffer = 128 * 1024;
    private const int MaxValue = 4 * 1024 * 1024;
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _members = new(StringComparer.Ordinal);
    private readonly List<(string List, ReadOnlyMemory<byte> Item)> _items = [];
    private byte[] _buffer = new byte[FirstBuffer];
    private int _length;
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = int.MaxValue });
    private string? _name;
    private bool _inList;

    // 1: in the object; 2: in the object that stands in a pair with a status, as v1 answers have it.
    private int _objectDepth = -1;

    /// <summary>Reads to the end and gives the wanted members as raw JSON.</summary>
    /// <exception cref="JsonException">It is not JSON, no object, or a value in it is too large.</exception>
    public async Task<Dictionary<string, ReadOnlyMemory<byte>>> ReadAsync(CancellationToken cancellationToken)
    {
        // A value that is not whole is looked at again when there is twice as much: else a large one would be parsed once for each piece of it.
        var wanted = 0;
        while (true)
        {
            int read;
            do
            {
                read = await stream.ReadAsync(_buffer.AsMemory(_length), cancellationToken);
                _length += read;
            }
            while (read > 0 && _length < wanted);
            var consumed = Parse(read == 0);
            foreach (var (list, item) in _items)
                await onItem(list, item);
            _items.Clear();
            if (read == 0)
                return _objectDepth >= 0 ? _members : throw new JsonException("no object");
            _buffer.AsSpan(consumed, _length - consumed).CopyTo(_buffer);
            _length -= consumed;
            if (_length == _buffer.Length)
            {
                if (_buffer.Length >= MaxValue)
                    throw new JsonException("a value is too large");
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }

            wanted = Math.Min(_length * 2, _buffer.Length);
        }
    }

    private int Parse(bool isFinal)
    {
        var reader = JsonText.Reader(_buffer.AsSpan(0, _length), isFinal, _state);
        while (true)
        {
            var before = reader;
            if (!reader.Read() || !Take(ref reader, isFinal))
            {
                // What is not whole yet is read again with more of the stream.
                _state = before.CurrentState;
                return (int)before.BytesConsumed;
            }
        }
    }

    private bool Take(ref Utf8JsonReader reader, bool isFinal)
    {
        if (_objectDepth < 0)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
                _objectDepth = reader.CurrentDepth + 1;
            else if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.Number) || reader.CurrentDepth > 1)
                throw new JsonException("no object");
            return true;
        }

        if (_inList)
        {
            if (reader.TokenType == JsonTokenType.EndArray)
            {
                _inList = false;
                return true;
            }

            if (!Whole(ref reader, isFinal, out var start))
                return false;
            if (_buffer[start] == '{')
                _items.Add((_name!, _buffer.AsSpan(start, (int)reader.BytesConsumed - start).ToArray()));
            return true;
        }

        if (reader.CurrentDepth != _objectDepth || reader.TokenType is JsonTokenType.EndObject)
            return true;
        if (reader.TokenType == JsonTokenType.PropertyName)
        {
            // What is no Unicode text names no member that is wanted.
            _name = JsonText.FindFault(_buffer.AsSpan((int)reader.TokenStartIndex, reader.ValueSpan.Length + 2)) is null ? reader.GetString() : "";
            return true;
        }

        if (reader.TokenType == JsonTokenType.StartArray && lists.Contains(_name!))
        {
            _inList = true;
            return true;
        }

        if (!Whole(ref reader, isFinal, out var from))
            return false;
        if (kept.Contains(_name!))
            _members[_name!] = _buffer.AsSpan(from, (int)reader.BytesConsumed - from).ToArray();
        return true;
    }

    private static bool Whole(ref Utf8JsonReader reader, bool isFinal, out int start)
    {
        start = (int)reader.TokenStartIndex;
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return true;
        if (!isFinal)
            return reader.TrySkip();
        reader.Skip();
        return true;
    }
}
