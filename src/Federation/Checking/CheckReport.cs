namespace OrleansMatrix.Federation.Checking;

/// <summary>How a finding is to be taken.</summary>
public enum CheckLevel
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Works, but is worth knowing.</summary>
    Note,

    /// <summary>Keeps other servers from talking to the server.</summary>
    Wrong,
}

/// <summary>What one step found.</summary>
/// <param name="Text">What is the case.</param>
/// <param name="Advice">What to do about it; null: nothing.</param>
public sealed record CheckLine(CheckLevel Level, string Text, string? Advice = null);

/// <summary>The findings in the order of the steps.</summary>
public sealed class CheckReport(Action<CheckLine>? told = null)
{
    private readonly List<CheckLine> _lines = [];

    public IReadOnlyList<CheckLine> Lines => _lines;

    /// <summary>True if nothing is wrong.</summary>
    public bool IsGood => _lines.TrueForAll(static line => line.Level != CheckLevel.Wrong);

    public void Good(string text) => Add(new CheckLine(CheckLevel.Good, text));

    public void Note(string text, string? advice = null) => Add(new CheckLine(CheckLevel.Note, text, advice));

    public void Wrong(string text, string advice) => Add(new CheckLine(CheckLevel.Wrong, text, advice));

    private void Add(CheckLine line)
    {
        _lines.Add(line);
        told?.Invoke(line);
    }
}
