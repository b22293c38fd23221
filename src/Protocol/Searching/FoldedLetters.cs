using System.Collections.Frozen;

namespace OrleansMatrix.Protocol.Searching;

/// <summary>
/// Letters of the Latin, Greek and Cyrillic scripts with marks, and what they count as: their canonical decomposition (Unicode Character Database,
/// Decomposition_Mapping) without the marks, and what is usual for those that have none. The runtime's normalization is off with
/// its culture data.
/// </summary>
internal static class FoldedLetters
{
    private static readonly (string Plain, string Letters)[] s_letters =
    [
        ("a", "àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ"),
        ("b", "ḃḅḇ"),
        ("c", "çćĉċčḉ"),
        ("d", "ðďđḋḍḏḑḓ"),
        ("e", "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ"),
        ("f", "ḟ"),
        ("g", "ĝğġģǧǵḡ"),
        ("h", "ĥħȟḣḥḧḩḫẖ"),
        ("i", "ìíîïĩīĭįıǐȉȋḭḯỉị"),
        ("j", "ĵǰ"),
        ("k", "ķǩḱḳḵ"),
        ("l", "ĺļľŀłḷḹḻḽ"),
        ("m", "ḿṁṃ"),
        ("n", "ñńņňŉǹṅṇṉṋ"),
        ("o", "òóôõöøōŏőơǒǫǿǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ"),
        ("p", "ṕṗ"),
        ("r", "ŕŗřȑȓṙṛṝṟ"),
        ("s", "śŝşšſẛșṡṣṥṧṩ"),
        ("t", "ţťŧțṫṭṯṱẗ"),
        ("u", "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự"),
        ("v", "ṽṿ"),
        ("w", "ŵẁẃẅẇẉẘ"),
        ("x", "ẋẍ"),
        ("y", "ýÿŷȳẏẙỳỵỷỹ"),
        ("z", "źżžẑẓẕ"),
        ("ʒ", "ǯ"),
        ("α", "ά"),
        ("ε", "έ"),
        ("η", "ή"),
        ("ι", "ΐίϊ"),
        ("ο", "ό"),
        ("σ", "ς"),
        ("υ", "ΰϋύ"),
        ("ω", "ώ"),
        ("г", "ѓ"),
        ("е", "ѐё"),
        ("и", "йѝ"),
        ("к", "ќ"),
        ("у", "ў"),
        ("і", "ї"),
        ("ѵ", "ѷ"),
        ("ae", "æǣǽ"),
        ("ij", "ĳ"),
        ("oe", "œ"),
        ("ss", "ß"),
        ("th", "þ"),
    ];

    private static readonly FrozenDictionary<char, string> s_plain =
        s_letters.SelectMany(static row => row.Letters.Select(letter => KeyValuePair.Create(letter, row.Plain))).ToFrozenDictionary();

    /// <summary>What a letter in lower case counts as; null for one that counts as itself.</summary>
    public static string? Fold(char letter) => s_plain.GetValueOrDefault(letter);
}
