using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Media;

/// <summary>
/// Sends media while they come from another server (ADR 0124): what has come is asked of the grain that fetches them, on whichever silo it is; the rest is
/// read from where it is stored when all has come. If it does not come whole, the connection is cut: no answer looks whole that is not.
/// </summary>
internal static class FollowedMedia
{
    // What is written at once, Kestrel copies into its own buffers at once.
    private const int Slice = 64 * 1024;

    /// <summary>The answer, which begins with the first bytes; the error of the fetch, if that has failed before.</summary>
    public static async ValueTask<MatrixResponse> SendAsync(IMediaGrain grain, IMediaContent content, OpenedMedia media, CancellationToken aborted)
    {
        if (!(await ReadAsync(grain, media, 0, aborted)).TryGet(out var first, out var error))
            return error;
        return MatrixResponse.Stream(async response =>
        {
            ContentHeaders.Write(response, media.ContentType, media.FileName, media.Size);
            try
            {
                if (!await WriteAsync(response.Body, grain, content, media, first, aborted))
                    response.HttpContext.Abort();
            }
            catch (Exception fault) when (ClusterFaults.IsOne(fault) || fault is TimeoutException)
            {
                // The silo that fetched is gone, and so are its bytes.
                response.HttpContext.Abort();
            }
        });
    }

    // False if not all has come.
    private static async Task<bool> WriteAsync(
        Stream body, IMediaGrain grain, IMediaContent content, OpenedMedia media, FetchedPart part, CancellationToken aborted)
    {
        long sent = 0;
        while (part.Sha256 is null)
        {
            for (var left = part.Bytes; !left.IsEmpty; left = left[Math.Min(Slice, left.Length)..])
                await body.WriteAsync(left[..Math.Min(Slice, left.Length)], aborted);
            sent += part.Bytes.Length;
            var next = await ReadAsync(grain, media, sent, aborted);
            if (!next.TryGet(out part!, out _))
                return false;
        }

        if (await content.OpenAsync(part.Sha256, sent) is not { } rest)
            return false;
        await using (rest)
            await rest.CopyToAsync(body, aborted);
        return true;
    }

    // A client of the cluster is told of a silo's death by ending all calls, also those to other silos (ADR 0092): once more, then.
    private static async Task<Outcome<FetchedPart>> ReadAsync(IMediaGrain grain, OpenedMedia media, long sent, CancellationToken aborted)
    {
        try
        {
            return await grain.Read(media.Fetch!, sent).WaitAsync(aborted);
        }
        catch (OrleansMessageRejectionException)
        {
            return await grain.Read(media.Fetch!, sent).WaitAsync(aborted);
        }
    }
}
