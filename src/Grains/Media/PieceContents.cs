using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>Content in pieces, which every silo reads (ADR 0091).</summary>
internal sealed class PieceContents(IContentPieces pieces, IRandom random, TimeProvider time) : IContents, IDisposable
{
    private const int NameLength = 24;

    // One piece after the other, of whatever upload: many large ones at once would take the database from everybody who reads.
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <inheritdoc/>
    public IMediaWriter Create() => new PieceWriter(pieces, RandomText.Base62(random, NameLength), _turn, time);

    /// <inheritdoc/>
    public async ValueTask<Stream?> OpenAsync(string name, long position = 0) =>
        await pieces.FindAsync(name) is { } content ? new PieceStream(pieces, content, position) : null;

    public void Dispose() => _turn.Dispose();
}
