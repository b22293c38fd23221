using System.Globalization;

namespace OrleansMatrix.Load;

/// <summary>Calls and answers of grains that silos have sent so far, by what their <c>/metrics</c> tell.</summary>
/// <param name="Local">To a grain on the same silo.</param>
/// <param name="Remote">To another silo, or to a gateway.</param>
internal readonly record struct GrainMessages(double Local, double Remote)
{
    private const string LocalMeter = "orleans_messaging_sent_local";
    private const string RemoteMeter = "orleans_messaging_sent_messages_size";

    /// <summary>Of all silos together; null if one does not show its metrics.</summary>
    public static async Task<GrainMessages?> OfAsync(IEnumerable<Uri> silos, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        var sum = default(GrainMessages);
        foreach (var silo in silos)
        {
            using var answer = await http.GetAsync(new Uri(silo, "/metrics"), cancellationToken);
            if (!answer.IsSuccessStatusCode) return null;
            foreach (var line in (await answer.Content.ReadAsStringAsync(cancellationToken)).Split('\n'))
            {
                if (line.StartsWith('#')) continue;
                if (line.StartsWith(LocalMeter, StringComparison.Ordinal)) sum = sum with { Local = sum.Local + ValueOf(line) };
                else if (line.StartsWith(RemoteMeter, StringComparison.Ordinal) && line.Contains("_count", StringComparison.Ordinal))
                    sum = sum with { Remote = sum.Remote + ValueOf(line) };
            }
        }
        return sum;
    }

    public GrainMessages Since(GrainMessages? before) => new(Local - before.GetValueOrDefault().Local, Remote - before.GetValueOrDefault().Remote);

    public double Per(long requests) => Math.Round((Local + Remote) / requests, 2);

    public double RemotePer(long requests) => Math.Round(Remote / requests, 2);

    // NAME{LABELS} VALUE [TIME]
    private static double ValueOf(string line) =>
        double.Parse(line[(line.LastIndexOf('}') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture);
}
