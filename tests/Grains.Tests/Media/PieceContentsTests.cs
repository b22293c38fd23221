using OrleansMatrix.Grains.Media;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.Media;

/// <summary>Content in the database: one piece is written after the other, whoever uploads.</summary>
public sealed class PieceContentsTests
{
    [Fact(Timeout = 60_000)]
    public async Task Of_many_uploads_one_writes_at_a_time_and_one_that_is_given_up_holds_nobody()
    {
        var pieces = new HeldPieces();
        using var contents = new PieceContents(pieces, new SeededRandom(), new TestClock());
        await using var first = contents.Create();
        await using var second = contents.Create();
        await using var third = contents.Create();
        using var stop = new CancellationTokenSource();
        var writing = first.WriteAsync(new byte[IContentPieces.PieceSize], CancellationToken.None).AsTask();
        await pieces.Entered.WaitAsync(TestContext.Current.CancellationToken);
        var waiting = second.WriteAsync(new byte[IContentPieces.PieceSize], stop.Token).AsTask();
        var behind = third.WriteAsync(new byte[IContentPieces.PieceSize], CancellationToken.None).AsTask();
        Assert.False(waiting.IsCompleted);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        pieces.Let.Release(2);
        await Task.WhenAll(writing, behind);
        Assert.Equal((1, 2), (pieces.Most, pieces.Written));
    }

    /// <summary>Keeps nothing; each piece waits to be let through.</summary>
    private sealed class HeldPieces : IContentPieces
    {
        private int _underWay;

        public SemaphoreSlim Entered { get; } = new(0);

        public SemaphoreSlim Let { get; } = new(0);

        public int Most { get; private set; }

        public int Written { get; private set; }

        public Task BeginAsync(string upload, long startedAt, CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task PutAsync(string upload, int piece, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            Most = Math.Max(Most, Interlocked.Increment(ref _underWay));
            Entered.Release();
            await Let.WaitAsync(cancellationToken);
            Interlocked.Decrement(ref _underWay);
            Written++;
        }

        public Task CompleteAsync(string upload, string name, long size, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task DiscardAsync(string upload, CancellationToken cancellationToken) => Task.CompletedTask;

        public ValueTask<ContentRow?> FindAsync(string name, CancellationToken cancellationToken) => default;

        public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string upload, int piece, CancellationToken cancellationToken) => default;
    }
}
