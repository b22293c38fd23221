using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Tests.Commits;

/// <summary>Notices of other silos come in any order; the feed has one.</summary>
public sealed class ChangeFeedTests
{
    private readonly ChangeFeed _feed = new(NullLogger<ChangeFeed>.Instance);
    private readonly List<long> _seen = [];

    public ChangeFeedTests() => _feed.Subscribe(
        changes =>
        {
            foreach (var change in changes.Span) _seen.Add(change.Position);
        },
        upTo => _seen.Add(-upTo));

    [Fact]
    public void What_comes_early_is_announced_in_its_turn()
    {
        _feed.PublishInTurn(Changes(5, 6));
        _feed.PublishInTurn(Changes(3, 3));
        _feed.PublishInTurn(Changes(8, 9));
        Assert.Equal(0, _feed.Current);

        _feed.PublishInTurn(Changes(1, 2));
        Assert.Equal([1, 2, 3], _seen);
        _feed.Publish(Changes(4, 4));
        Assert.Equal([1, 2, 3, 4, 5, 6], _seen);
        Assert.Equal(6, _feed.Current);
    }

    [Fact]
    public void What_was_read_meanwhile_is_not_announced_again()
    {
        _feed.PublishInTurn(Changes(3, 4));
        _feed.PublishInTurn(Changes(6, 8));
        _feed.Publish(Changes(1, 7));
        _feed.PublishInTurn(Changes(5, 9));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9], _seen);
    }

    [Fact]
    public void What_comes_early_waits_behind_what_is_lost()
    {
        _feed.PublishInTurn(Changes(6, 6));
        _feed.Publish(Changes(4, 5));
        Assert.Equal([-3, 4, 5, 6], _seen);
    }

    private static Change[] Changes(int first, int last) =>
        [.. Enumerable.Range(first, last - first + 1).Select(i => new Change(i, ChangeKind.RoomEvent, $"!{i}:one.test"))];
}
