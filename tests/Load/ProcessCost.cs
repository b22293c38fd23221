using System.Diagnostics;
using System.Globalization;

namespace OrleansMatrix.Load;

/// <summary>What a process of this machine has used so far: on a machine that is shared, CPU time per request says more than requests per second.</summary>
/// <param name="Cpu">User and system time.</param>
/// <param name="Switches">Context switches of all its threads, as far as Linux tells.</param>
internal readonly record struct ProcessCost(TimeSpan Cpu, long Switches)
{
    /// <summary>Of all of them together.</summary>
    public static ProcessCost Of(IEnumerable<int> processIds) =>
        processIds.Select(Of).Aggregate(default(ProcessCost), (sum, one) => new ProcessCost(sum.Cpu + one.Cpu, sum.Switches + one.Switches));

    public static ProcessCost Of(int processId)
    {
        using var process = Process.GetProcessById(processId);
        return new ProcessCost(process.TotalProcessorTime, SwitchesOf(processId));
    }

    /// <summary>Microseconds of CPU and context switches per request since <paramref name="before"/>.</summary>
    public (double Microseconds, double Switches) Per(long requests, ProcessCost before) =>
        (Math.Round((Cpu - before.Cpu).TotalMicroseconds / requests, 1), Math.Round((double)(Switches - before.Switches) / requests, 2));

    private static long SwitchesOf(int processId)
    {
        var tasks = $"/proc/{processId}/task";
        var sum = 0L;
        foreach (var task in Directory.Exists(tasks) ? Directory.GetDirectories(tasks) : [])
        {
            try
            {
                foreach (var line in File.ReadLines(task + "/status"))
                    sum += line.Contains("ctxt_switches", StringComparison.Ordinal)
                        ? long.Parse(line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture) : 0;
            }
            catch (IOException)
            {
                // The thread has ended.
            }
        }
        return sum;
    }
}
