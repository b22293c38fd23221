using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OrleansMatrix.Grains.Room.State;

/// <summary>
/// Where a key lives in the tree: a nibble for its class (1 for <c>m.room.member</c>, 0 for the rest), then 32 nibbles of hash. The hash is
/// cryptographic because keys are chosen by anybody: nobody can make keys that pile up in one place.
/// </summary>
internal readonly struct StatePath : IComparable<StatePath>
{
    public const string MemberType = "m.room.member";
    public const int Length = 33;
    public const int MemberNibble = 1;
    private static readonly UTF8Encoding s_strictUtf8 = new(false, throwOnInvalidBytes: true);
    private readonly UInt128 _hash;
    private readonly byte _class;

    private StatePath(byte cls, UInt128 hash) => (_class, _hash) = (cls, hash);

    public int this[int depth] => depth == 0 ? _class : (int)(_hash >> (4 * (Length - 1 - depth))) & 15;

    /// <summary>Orders by the nibbles, the first one first.</summary>
    public int CompareTo(StatePath other) => _class != other._class ? _class.CompareTo(other._class) : _hash.CompareTo(other._hash);

    public static StatePath Of(string type, string stateKey)
    {
        var max = 4 + s_strictUtf8.GetMaxByteCount(type.Length) + s_strictUtf8.GetMaxByteCount(stateKey.Length);
        byte[]? rented = null;
        var buffer = max <= 512 ? stackalloc byte[512] : rented = ArrayPool<byte>.Shared.Rent(max);
        // The type's length keeps ("a", "bc") and ("ab", "c") apart.
        var typeLength = s_strictUtf8.GetBytes(type, buffer[4..]);
        BinaryPrimitives.WriteInt32LittleEndian(buffer, typeLength);
        var length = 4 + typeLength + s_strictUtf8.GetBytes(stateKey, buffer[(4 + typeLength)..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(buffer[..length], hash);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return new StatePath((byte)(type == MemberType ? MemberNibble : 0), BinaryPrimitives.ReadUInt128BigEndian(hash));
    }
}
