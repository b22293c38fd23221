using System.Buffers.Binary;

namespace OrleansMatrix.Protocol.Signing;

/// <summary>
/// The checks on encoded points and scalars that libraries differ in: each must be the one canonical encoding (RFC 8032, section 5.1.3),
/// and points of small order, for which one signature fits many messages, are refused.
/// </summary>
internal static class Ed25519Encoding
{
    // Little-endian 64-bit limbs. The field's prime p = 2^255 - 19, and the group's order L.
    private static ReadOnlySpan<ulong> Prime => [0xFFFFFFFFFFFFFFED, ulong.MaxValue, ulong.MaxValue, 0x7FFFFFFFFFFFFFFF];

    private static ReadOnlySpan<ulong> Order => [0x5812631A5CF5D3ED, 0x14DEF9DEA2F79CD6, 0, 0x1000000000000000];

    // The y coordinates of the eight points whose order divides 8: 0, 1, p-1 and two more.
    private static ReadOnlySpan<ulong> SmallOrder =>
    [
        0, 0, 0, 0,
        1, 0, 0, 0,
        0xFFFFFFFFFFFFFFEC, ulong.MaxValue, ulong.MaxValue, 0x7FFFFFFFFFFFFFFF,
        0xB027B2C28F95E826, 0xF098EFF289F4C345, 0x3933C6D305ACDFD5, 0x05FC536D880238B1,
        0x4FD84D3D706A17C7, 0x0F67100D760B3CBA, 0xC6CC392CFA53202A, 0x7A03AC9277FDC74E,
    ];

    public static bool IsAcceptablePoint(ReadOnlySpan<byte> point)
    {
        if (point.Length != 32)
            return false;
        Span<ulong> y = stackalloc ulong[4];
        Load(point, y);
        // The top bit is the sign of x.
        y[3] &= 0x7FFFFFFFFFFFFFFF;
        return IsBelow(y, Prime) && !HasSmallOrder(y);
    }

    public static bool IsCanonicalScalar(ReadOnlySpan<byte> scalar)
    {
        Span<ulong> s = stackalloc ulong[4];
        Load(scalar, s);
        return IsBelow(s, Order);
    }

    private static void Load(ReadOnlySpan<byte> bytes, Span<ulong> limbs)
    {
        for (var i = 0; i < limbs.Length; i++)
            limbs[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(8 * i)..]);
    }

    private static bool IsBelow(ReadOnlySpan<ulong> value, ReadOnlySpan<ulong> limit)
    {
        for (var i = 3; i >= 0; i--)
        {
            if (value[i] != limit[i])
                return value[i] < limit[i];
        }

        return false;
    }

    private static bool HasSmallOrder(ReadOnlySpan<ulong> y)
    {
        var points = SmallOrder;
        for (var i = 0; i < points.Length; i += 4)
        {
            if (y.SequenceEqual(points.Slice(i, 4)))
                return true;
        }

        return false;
    }
}
