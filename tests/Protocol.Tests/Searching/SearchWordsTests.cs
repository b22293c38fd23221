using OrleansMatrix.Protocol.Searching;

namespace OrleansMatrix.Protocol.Tests.Searching;

public sealed class SearchWordsTests
{
    [Theory]
    [InlineData("My GARDEN, in June.", "my garden in june")]
    [InlineData("the the a", "the a")]
    [InlineData("Ångström Straße ÆSIR", "angstrom strasse aesir")]
    [InlineData("e\u0301te\u0301 été ÉTÉ", "ete")]
    [InlineData("Ελλάς ΕΛΛΆΣ", "ελλασ")]
    [InlineData("Ёлка ёлка", "елка")]
    [InlineData("ＡＢＣ１２", "abc12")]
    [InlineData("日本語", "日本 本語 語")]
    [InlineData("tokyo東京x", "tokyo 東京 京 x")]
    [InlineData("กขค", "กข ขค ค")]
    [InlineData("yes 🎉🎂!", "yes 🎉🎂 🎂")]
    [InlineData("c++ a.b 'x' \"y\" (z*) w:* -v", "c a b x y z w v")]
    [InlineData("हिन्दी العربية 한국어", "हिन्दी العربية 한국어")]
    [InlineData("a\0b\ud800c\uffffd", "a b c d")]
    [InlineData(" \t!?", "")]
    public void A_text_has_words(string text, string words) => Assert.Equal(words, string.Join(' ', SearchWords.OfText(text)));

    [Theory]
    [InlineData("Gardens in June", "gardens* in june*")]
    [InlineData("ab abc ab", "ab abc*")]
    [InlineData("京", "京*")]
    [InlineData("日本語", "日本 本語")]
    [InlineData("\"'*:()&|!^ -", "")]
    public void A_query_has_words_and_beginnings(string query, string words) =>
        Assert.Equal(words, string.Join(' ', SearchWords.OfQuery(query).Select(word => word.Text + (word.IsPrefix ? "*" : ""))));

    [Fact]
    public void The_words_to_mark_are_those_of_the_query_as_it_is_written() =>
        Assert.Equal(["straße", "日本語", "x"], SearchWords.Highlights("Straße 日本語 X straße"));

    [Fact]
    public void Whatever_a_text_is_its_words_are_few_and_short_and_hold_no_signs()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var (low, high) = round % 2 == 0 ? (0, 0xffff) : (0, 0x250);
            var text = string.Concat(Enumerable.Range(0, 65_000).Select(_ => (char)random.Next(low, high)));

            var words = SearchWords.OfText(text);

            Assert.InRange(words.Count, 1, SearchWords.MaxWords);
            Assert.All(words, word =>
            {
                Assert.InRange(word.Length, 1, SearchWords.MaxWordLength + 2);
                Assert.DoesNotContain(word, letter => char.IsAscii(letter) && !char.IsAsciiLetterLower(letter) && !char.IsAsciiDigit(letter));
                Assert.Equal([word], SearchWords.OfText(word).Take(1));
            });
        }
    }

    [Fact]
    public void A_long_word_is_found_by_its_beginning_and_by_more_than_counts()
    {
        var text = Assert.Single(SearchWords.OfText(new string('x', 60_000)));

        Assert.Equal(SearchWords.MaxWordLength, text.Length);
        Assert.Equal([new SearchWord(text, true)], SearchWords.OfQuery(new string('x', 50)));
        Assert.Equal(SearchWords.MaxQueryWords, SearchWords.OfQuery(string.Join(' ', Enumerable.Range(0, 1000))).Count);
        Assert.Equal([new SearchWord("a", false)], SearchWords.OfQuery("a" + new string(' ', SearchWords.MaxQueryLength) + "b"));
    }
}
