namespace OrleansMatrix.Load;

/// <summary>Latencies in milliseconds, collected from many tasks; percentiles by sorting at the end.</summary>
internal sealed class Latencies
{
    private readonly Lock _lock = new();
    private readonly List<float> _values = [];

    public int Count { get { lock (_lock) return _values.Count; } }

    public void Add(TimeSpan value)
    {
        lock (_lock)
            _values.Add((float)value.TotalMilliseconds);
    }

    /// <summary>The p-th percentile (0..1) in milliseconds; NaN if there is no value.</summary>
    public double Percentile(double p)
    {
        lock (_lock)
        {
            if (_values.Count == 0)
                return double.NaN;
            _values.Sort();
            return Math.Round(_values[(int)Math.Min(_values.Count - 1, Math.Ceiling(p * _values.Count) - 1 < 0 ? 0 : Math.Ceiling(p * _values.Count) - 1)], 2);
        }
    }
}
