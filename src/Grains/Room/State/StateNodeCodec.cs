using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.State;

/// <summary>
/// The stored form of nodes. Leaf: 0, count, then per entry the type's length + 1 (0 stands for m.room.member) and text, the state key, and the event id,
/// of which a hash in URL-safe Base64 is stored as its 32 bytes (marked by length 0). Branch: 1, a mask of the children, then id and count of each.
/// Numbers are LEB128. A node's id is the hash of this form, so one content must have one form.
/// </summary>
internal static class StateNodeCodec
{
    private const byte LeafTag = 0;
    private const byte BranchTag = 1;
    private const int HashIdLength = 44;
    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    public static byte[] Encode(StateNode node)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        if (node is StateLeaf leaf)
        {
            WriteByte(buffer, LeafTag);
            WriteNumber(buffer, leaf.Count);
            foreach (var entry in leaf.Entries)
            {
                if (entry.Type == StatePath.MemberType)
                    WriteNumber(buffer, 0);
                else
                    WriteText(buffer, entry.Type, 1);
                WriteText(buffer, entry.StateKey, 0);
                WriteEventId(buffer, entry.EventId);
            }
        }
        else
        {
            var children = ((StateBranch)node).Children;
            WriteByte(buffer, BranchTag);
            var mask = 0;
            for (var i = 0; i < StateNode.Fanout; i++)
                mask |= children[i].Count > 0 ? 1 << i : 0;
            BinaryPrimitives.WriteUInt16LittleEndian(buffer.GetSpan(2), (ushort)mask);
            buffer.Advance(2);
            foreach (var child in children)
            {
                if (child.Count == 0)
                    continue;
                BinaryPrimitives.WriteUInt128BigEndian(buffer.GetSpan(16), child.Id.Value);
                buffer.Advance(16);
                WriteNumber(buffer, child.Count);
            }
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static StateNodeId IdOf(ReadOnlySpan<byte> encoding)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(encoding, hash);
        return new StateNodeId(BinaryPrimitives.ReadUInt128BigEndian(hash));
    }

    /// <exception cref="InvalidDataException">The bytes are not a node.</exception>
    public static StateNode Decode(ReadOnlySpan<byte> encoding)
    {
        try
        {
            var rest = encoding;
            return ReadByte(ref rest) switch
            {
                LeafTag => DecodeLeaf(rest),
                BranchTag => DecodeBranch(rest),
                _ => throw new InvalidDataException("state node: unknown tag"),
            };
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException)
        {
            throw new InvalidDataException("state node: cut off or malformed", e);
        }
    }

    private static StateLeaf DecodeLeaf(ReadOnlySpan<byte> rest)
    {
        var count = ReadNumber(ref rest);
        if (count > rest.Length)
            throw new InvalidDataException("state node: impossible count");
        var entries = new StateEntry[count];
        for (var i = 0; i < count; i++)
        {
            var typeLength = ReadNumber(ref rest);
            var type = typeLength == 0 ? StatePath.MemberType : ReadText(ref rest, typeLength - 1);
            var stateKey = ReadText(ref rest, ReadNumber(ref rest));
            var idLength = ReadNumber(ref rest);
            entries[i] = new StateEntry(type, stateKey, idLength == 0 ? ReadHashId(ref rest) : ReadText(ref rest, idLength));
        }

        return new StateLeaf(entries);
    }

    private static StateBranch DecodeBranch(ReadOnlySpan<byte> rest)
    {
        var mask = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        rest = rest[2..];
        var children = new StateChild[StateNode.Fanout];
        for (var i = 0; i < StateNode.Fanout; i++)
        {
            if ((mask & (1 << i)) == 0)
                continue;
            var id = new StateNodeId(BinaryPrimitives.ReadUInt128BigEndian(rest));
            rest = rest[16..];
            children[i] = new StateChild(id, ReadNumber(ref rest));
        }

        return new StateBranch(children);
    }

    private static void WriteEventId(ArrayBufferWriter<byte> buffer, string eventId)
    {
        Span<byte> hash = stackalloc byte[32];
        Span<char> again = stackalloc char[43];
        // The text must come back exactly: the last character of 43 has spare bits.
        if (eventId.Length == HashIdLength && eventId[0] == '$' && Base64Url.IsValid(eventId.AsSpan(1)) &&
            Base64Url.TryDecodeFromChars(eventId.AsSpan(1), hash, out var length) && length == 32 &&
            Base64Url.TryEncodeToChars(hash, again, out _) && again.SequenceEqual(eventId.AsSpan(1)))
        {
            WriteNumber(buffer, 0);
            buffer.Write(hash);
        }
        else
        {
            ArgumentException.ThrowIfNullOrEmpty(eventId);
            WriteText(buffer, eventId, 0);
        }
    }

    private static string ReadHashId(ref ReadOnlySpan<byte> rest)
    {
        Span<char> text = stackalloc char[HashIdLength];
        text[0] = '$';
        Base64Url.EncodeToChars(rest[..32], text[1..]);
        rest = rest[32..];
        return new string(text);
    }

    private static void WriteText(ArrayBufferWriter<byte> buffer, string text, int lengthBias)
    {
        var length = s_utf8.GetByteCount(text);
        WriteNumber(buffer, length + lengthBias);
        s_utf8.GetBytes(text, buffer.GetSpan(length));
        buffer.Advance(length);
    }

    private static string ReadText(ref ReadOnlySpan<byte> rest, int length)
    {
        var text = s_utf8.GetString(rest[..length]);
        rest = rest[length..];
        return text;
    }

    private static void WriteByte(ArrayBufferWriter<byte> buffer, byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }

    private static byte ReadByte(ref ReadOnlySpan<byte> rest)
    {
        var value = rest[0];
        rest = rest[1..];
        return value;
    }

    private static void WriteNumber(ArrayBufferWriter<byte> buffer, int value)
    {
        var left = (uint)value;
        while (left >= 0x80)
        {
            WriteByte(buffer, (byte)(left | 0x80));
            left >>= 7;
        }

        WriteByte(buffer, (byte)left);
    }

    private static int ReadNumber(ref ReadOnlySpan<byte> rest)
    {
        uint value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var next = ReadByte(ref rest);
            value |= (uint)(next & 0x7f) << shift;
            if ((next & 0x80) == 0)
                return value <= int.MaxValue ? (int)value : throw new InvalidDataException("state node: number out of range");
        }

        throw new InvalidDataException("state node: number too long");
    }
}
