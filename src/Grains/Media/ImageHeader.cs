using System.Buffers.Binary;

namespace OrleansMatrix.Grains.Media;

/// <summary>Formats that thumbnails are made of.</summary>
internal enum ImageFormat
{
    Jpeg,
    Png,
    Gif,
    WebP,
}

/// <summary>
/// Format and size of an image, read from its first bytes and not from what the uploader claims: only these formats reach the image library, and only with
/// sizes that it can take.
/// </summary>
internal readonly record struct ImageHeader(ImageFormat Format, int Width, int Height)
{
    /// <summary>How much of a file to look at: a JPEG has its size behind its metadata.</summary>
    public const int Length = 256 * 1024;

    private const int MaxMetadata = 64 * 1024;

    public long Pixels => (long)Width * Height;

    /// <summary>Whether a file of so many bytes can be an image of that size: 16 bits of four channels for each pixel, and metadata.</summary>
    public bool IsPlausible(long bytes) => bytes <= MaxMetadata + (8 * Pixels);

    /// <summary>The media type.</summary>
    public string ContentType => Format switch
    {
        ImageFormat.Jpeg => "image/jpeg",
        ImageFormat.Png => "image/png",
        ImageFormat.Gif => "image/gif",
        _ => "image/webp",
    };

    /// <summary>False for what is no image of these formats, or has no size.</summary>
    public static bool TryRead(ReadOnlySpan<byte> start, out ImageHeader header)
    {
        header = default;
        var read = start switch
        {
            [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => Png(start),
            [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => Gif(start),
            [0xff, 0xd8, 0xff, ..] => Jpeg(start),
            [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => WebP(start),
            _ => null,
        };
        if (read is not { Width: > 0, Height: > 0 } found)
            return false;
        header = found;
        return true;
    }

    private static ImageHeader? Png(ReadOnlySpan<byte> data) => data.Length < 24
        ? null
        : new(ImageFormat.Png, BinaryPrimitives.ReadInt32BigEndian(data[16..]), BinaryPrimitives.ReadInt32BigEndian(data[20..]));

    private static ImageHeader? Gif(ReadOnlySpan<byte> data) => data.Length < 10
        ? null
        : new(ImageFormat.Gif, BinaryPrimitives.ReadUInt16LittleEndian(data[6..]), BinaryPrimitives.ReadUInt16LittleEndian(data[8..]));

    // Segments up to the frame header (SOF0 to SOF15 but DHT, JPG and DAC), which has the size.
    private static ImageHeader? Jpeg(ReadOnlySpan<byte> data)
    {
        for (var at = 2; at + 9 <= data.Length;)
        {
            if (data[at] != 0xff)
                return null;
            var marker = data[at + 1];
            if (marker == 0xff)
            {
                at++;
                continue;
            }

            if (marker is >= 0xc0 and <= 0xcf and not (0xc4 or 0xc8 or 0xcc))
            {
                return new(
                    ImageFormat.Jpeg, BinaryPrimitives.ReadUInt16BigEndian(data[(at + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(data[(at + 5)..]));
            }

            at += 2 + (marker is >= 0xd0 and <= 0xd9 or 0x01 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(data[(at + 2)..]));
        }

        return null;
    }

    private static ImageHeader? WebP(ReadOnlySpan<byte> data)
    {
        if (data.Length < 30)
            return null;
        return data[15] switch
        {
            (byte)'X' => new(ImageFormat.WebP, 1 + UInt24(data[24..]), 1 + UInt24(data[27..])),
            (byte)'L' => new(ImageFormat.WebP, 1 + (Bits(data) & 0x3fff), 1 + ((Bits(data) >> 14) & 0x3fff)),
            _ => new(
                ImageFormat.WebP,
                BinaryPrimitives.ReadUInt16LittleEndian(data[26..]) & 0x3fff,
                BinaryPrimitives.ReadUInt16LittleEndian(data[28..]) & 0x3fff),
        };
    }

    private static int Bits(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadInt32LittleEndian(data[21..]) & 0x0fff_ffff;

    private static int UInt24(ReadOnlySpan<byte> data) => data[0] | (data[1] << 8) | (data[2] << 16);
}
