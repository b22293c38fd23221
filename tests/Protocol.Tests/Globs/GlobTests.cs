using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using OrleansMatrix.Protocol.Globs;

namespace OrleansMatrix.Protocol.Tests.Globs;

public class GlobTests
{
    [Theory]
    [InlineData("lunc?*", "Lunch plans", true)]
    [InlineData("lunc?*", "LUNCH", true)]
    [InlineData("lunc?*", " lunch", false)]
    [InlineData("lunc?*", "lunc", false)]
    [InlineData("*", "", true)]
    [InlineData("?", "", false)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("a*b*c", "aXbXbXc", true)]
    [InlineData("a*b*c", "acb", false)]
    [InlineData("*ab", "aab", true)]
    [InlineData("a*a", "a", false)]
    [InlineData("?x", "😀x", true)]
    [InlineData("*?", "😀", true)]
    [InlineData("??", "😀", false)]
    [InlineData("тест", "ТЕСТ", true)]
    [InlineData("a.c", "abc", false)]
    [InlineData("[a]", "a", false)]
    public void Globs_match_whole_values(string pattern, string text, bool expected) => Assert.Equal(expected, new Glob(pattern).IsMatch(text));

    [Theory]
    [InlineData("ex*ple", "An example event.", true)]
    [InlineData("ex*ple", "exple", true)]
    [InlineData("ex*ple", "An exciting triple-whammy", true)]
    [InlineData("ex*ple", "annex an apple", false)]
    [InlineData("ex*ple", "example_s", false)]
    [InlineData("cake", "I like CAKE!", true)]
    [InlineData("cake", "cakes", false)]
    [InlineData("cake", "cakes and cake", true)]
    [InlineData("cake", "pan_cake", false)]
    [InlineData("c?ke", "a coke", true)]
    [InlineData("c?ke", "acoke coke", true)]
    [InlineData("*", "", true)]
    [InlineData("*cake", "pancake", true)]
    [InlineData("cake*", "cakes", true)]
    [InlineData("cake*", "pancakes", false)]
    [InlineData("a*b", "xa ab", true)]
    [InlineData("", "a", false)]
    [InlineData("c++", "in c++11", true)]
    [InlineData("c++", "abc++", false)]
    [InlineData("😀", "hello😀you", true)]
    [InlineData("@room*", "hi@rooms", true)]
    [InlineData("a*+", "xa a+b", true)]
    public void Globs_match_words(string pattern, string text, bool expected) => Assert.Equal(expected, new Glob(pattern).IsWordMatch(text));

    [Theory]
    [InlineData("Alice", "hi alice!", true)]
    [InlineData("Alice", "malice", false)]
    [InlineData("a*", "an a* grade", true)]
    [InlineData("a*", "abc", false)]
    [InlineData("Bob 🎉", "bob 🎉s", true)]
    [InlineData("🎉", "party🎉", true)]
    [InlineData("Bob 🎉", "xbob 🎉", false)]
    public void Words_are_no_patterns(string word, string text, bool expected) => Assert.Equal(expected, Glob.ContainsWord(text, word));

    [Fact]
    public void Matching_agrees_with_regular_expressions()
    {
        var text = Gen.Elements('a', 'b', 'A', '_', ' ', '.').ArrayOf().Select(c => new string(c));
        var pattern = Gen.Elements('a', 'b', '*', '?', ' ').ArrayOf().Select(c => new string(c));
        Prop.ForAll(text.ToArbitrary(), pattern.ToArbitrary(), (t, p) =>
        {
            var regex = Regex.Escape(p).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal);
            var whole = Regex.IsMatch(t, $"\\A(?:{regex})\\z", RegexOptions.IgnoreCase | RegexOptions.Singleline);
            var words = $"(?:(?<![A-Za-z0-9_])|(?=[^A-Za-z0-9_]))(?:{regex})(?:(?![A-Za-z0-9_])|(?<=[^A-Za-z0-9_]))";
            var word = Regex.IsMatch(t, words, RegexOptions.IgnoreCase | RegexOptions.Singleline);
            var glob = new Glob(p);
            return glob.IsMatch(t) == whole && glob.IsWordMatch(t) == word;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Fact]
    public void Hostile_patterns_and_texts_cost_no_more_than_the_product_of_their_lengths()
    {
        var pattern = new StringBuilder();
        for (var i = 0; i < 256; i++)
            pattern.Append("a*");
        var text = new string('a', 20_000);
        var clock = Stopwatch.StartNew();
        Assert.False(new Glob(pattern + "b").IsWordMatch(text));
        Assert.False(new Glob(new string('a', 500) + "?b").IsWordMatch(text));
        Assert.InRange(clock.ElapsedMilliseconds, 0, 2000);
    }
}
