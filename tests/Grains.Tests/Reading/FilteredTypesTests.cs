using System.Globalization;
using OrleansMatrix.Grains.Room.Reading;

namespace OrleansMatrix.Grains.Tests.Reading;

/// <summary>What filters say of types.</summary>
public sealed class FilteredTypesTests
{
    [Theory]
    [InlineData("m.room.message", "m.room.message", true)]
    [InlineData("m.room.message", "m.room.message.x", false)]
    [InlineData("m.room.*", "m.room.name", true)]
    [InlineData("m.*.name", "m.room.name", true)]
    [InlineData("m.*.name", "m.room.names", false)]
    [InlineData("*", "", true)]
    [InlineData("M.room.*", "m.room.name", false)]
    public void An_asterisk_is_any_text(string wanted, string type, bool expected) =>
        Assert.Equal(expected, FilteredTypes.Of([wanted])!.Contains(type));

    [Fact]
    public void Many_types_may_be_named_but_not_many_patterns()
    {
        Assert.True(EventFilter.Parse(Filter(9000, "")).Ok);
        Assert.True(EventFilter.Parse(Filter(100, "*")).Ok);
        Assert.Equal("M_BAD_JSON", EventFilter.Parse(Filter(101, "*")).Error?.ErrCode);
        Assert.Equal("M_BAD_JSON", EventFilter.Parse($$"""{"not_types":["*{{new string('a', 255)}}"]}""").Error?.ErrCode);

        static string Filter(int count, string end) => $$"""
            {"types":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"t{i.ToString(CultureInfo.InvariantCulture)}{end}\""))}}]}
            """;
    }
}
