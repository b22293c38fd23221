using System.Globalization;

namespace OrleansMatrix.Silo;

/// <summary>Keeps the resident memory of the process below <c>Matrix:MemoryLimit</c> (ADR 0118), as far as it is the runtime's.</summary>
internal static class MemoryLimit
{
    // Code, stacks, sockets and SQLite's own caches: what the heap cannot have.
    private const long OutsideHeap = 80L * 1024 * 1024, MostMapped = 4096L * 1024 * 1024;

    /// <summary>Three quarters of the memory of the control group that the process is in, or of the machine.</summary>
    public static long Default
    {
        get
        {
            // Within a control group the runtime takes three quarters of it for all there is.
            var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
            return available < MachineBytes() ? available : available / 4 * 3;
        }
    }

    /// <summary>The part for pages of the database's file.</summary>
    public static long ForMappedFiles(long bytes) => Math.Min(bytes / 8, MostMapped);

    /// <summary>Has the runtime collect harder as the heap nears what is left for it, and refuse what goes beyond.</summary>
    public static void Apply(long bytes)
    {
        AppContext.SetData("GCHeapHardLimit", (ulong)(bytes - OutsideHeap - ForMappedFiles(bytes)));
        GC.RefreshMemoryLimit();
    }

    // "MemTotal:       24732000 kB"; where there is no such file the process has the machine.
    private static long MachineBytes()
    {
        const string Path = "/proc/meminfo";
        if (!File.Exists(Path))
            return 0;
        var kiB = File.ReadLines(Path).First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(kiB, CultureInfo.InvariantCulture) * 1024;
    }
}
