namespace OrleansMatrix.Simulation;

/// <summary>Percentiles of values, by nearest rank.</summary>
public sealed class Percentiles
{
    private readonly List<double> _values = [];
    private bool _isSorted;

    public int Count => _values.Count;

    public void Add(double value)
    {
        _values.Add(value);
        _isSorted = false;
    }

    /// <summary>The smallest value that <paramref name="percent"/> of all values do not exceed; NaN without values.</summary>
    public double At(double percent)
    {
        if (_values.Count == 0)
            return double.NaN;
        if (!_isSorted)
            _values.Sort();
        _isSorted = true;
        return _values[Math.Clamp((int)Math.Ceiling(percent / 100 * _values.Count) - 1, 0, _values.Count - 1)];
    }
}
