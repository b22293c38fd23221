using System.Buffers.Binary;
using System.Text;

namespace OrleansMatrix.Federation.Discovery;

/// <summary>As much of the DNS message format (RFC 1035) as an SRV look-up needs. Reads hostile bytes: every read is checked, compression cannot loop.</summary>
internal static class DnsMessage
{
    private const ushort SrvType = 33, InternetClass = 1;
    private const int HeaderLength = 12, MaxPointers = 32, MaxRecords = 100;

    /// <summary>A query for the SRV records of a name; null if the name cannot be written.</summary>
    public static byte[]? WriteQuery(ushort id, string name)
    {
        if (name.Length > 250)
            return null;
        var message = new byte[HeaderLength + name.Length + 2 + 4];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        message[2] = 1; // recursion desired
        message[5] = 1; // one question
        var at = HeaderLength;
        foreach (var label in name.Split('.'))
        {
            if (label.Length is 0 or > 63)
                return null;
            message[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, message.AsSpan(at));
        }
        at++;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at), SrvType);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 2), InternetClass);
        return message;
    }

    /// <summary>True if the message answers the query: same id, a response, and the very same question.</summary>
    public static bool Answers(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> query) =>
        answer.Length >= query.Length && answer[..2].SequenceEqual(query[..2]) && (answer[2] & 0x80) != 0 && answer[HeaderLength..query.Length].SequenceEqual(query[HeaderLength..]);

    /// <summary>True if the answer was cut to fit a datagram.</summary>
    public static bool IsTruncated(ReadOnlySpan<byte> answer) => (answer[2] & 0x02) != 0;

    /// <summary>The SRV records of an answer; what is malformed ends the list.</summary>
    public static List<SrvRecord> ReadRecords(ReadOnlySpan<byte> answer, int queryLength)
    {
        var records = new List<SrvRecord>();
        if ((answer[3] & 0x0f) != 0)
            return records;
        var count = Math.Min((int)BinaryPrimitives.ReadUInt16BigEndian(answer[6..]), MaxRecords);
        var at = queryLength;
        for (var i = 0; i < count; i++)
        {
            if (!ReadName(answer, ref at, out _) || at + 10 > answer.Length)
                break;
            var type = BinaryPrimitives.ReadUInt16BigEndian(answer[at..]);
            var length = BinaryPrimitives.ReadUInt16BigEndian(answer[(at + 8)..]);
            var data = at + 10;
            at = data + length;
            if (at > answer.Length)
                break;
            if (type != SrvType || length < 7)
                continue;
            var name = data + 6;
            // RFC 2782: a target of "." says that the service is decidedly not there.
            if (ReadName(answer, ref name, out var target) && target.Length > 0)
            {
                records.Add(new SrvRecord(
                    BinaryPrimitives.ReadUInt16BigEndian(answer[data..]), BinaryPrimitives.ReadUInt16BigEndian(answer[(data + 2)..]),
                    BinaryPrimitives.ReadUInt16BigEndian(answer[(data + 4)..]), target));
            }
        }
        return records;
    }

    private static bool ReadName(ReadOnlySpan<byte> message, ref int at, out string name)
    {
        var builder = new StringBuilder();
        var (position, jumped, jumps) = (at, false, 0);
        name = "";
        while (true)
        {
            if (position >= message.Length)
                return false;
            var length = message[position++];
            if (length == 0)
                break;
            if ((length & 0xc0) == 0xc0)
            {
                if (position >= message.Length || ++jumps > MaxPointers)
                    return false;
                if (!jumped)
                    at = position + 1;
                jumped = true;
                position = ((length & 0x3f) << 8) | message[position];
                continue;
            }
            if (length > 63 || position + length > message.Length || builder.Length + length > 255)
                return false;
            if (builder.Length > 0)
                builder.Append('.');
            builder.Append(Encoding.ASCII.GetString(message.Slice(position, length)));
            position += length;
        }
        if (!jumped)
            at = position;
        name = builder.ToString();
        return true;
    }
}
