using System.Globalization;
using System.Runtime.InteropServices;

namespace OrleansMatrix.Silo;

/// <summary>
/// Gives back to the machine what only the start needed, since an idle server would keep it. One that has work by then has collected it by itself.
/// </summary>
internal static partial class SettledMemory
{
    // From <sys/mman.h>: write changed pages out, drop the others, which are read from their file again where they are needed.
    private const int PageOut = 21;
    private static readonly TimeSpan s_untilSettled = TimeSpan.FromSeconds(2);

    /// <summary>Waits until the start is over, and gives memory back unless the server was busy or is stopped.</summary>
    public static async Task GiveBackAsync(Task stopped)
    {
        var collections = GC.CollectionCount(0);
        if (await Task.WhenAny(stopped, Task.Delay(s_untilSettled, TimeProvider.System)) == stopped || GC.CollectionCount(0) != collections)
            return;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        if (OperatingSystem.IsLinux())
            DropMappedFiles();
    }

    // The code of the executable and its libraries: most of it ran once.
    private static void DropMappedFiles()
    {
        try
        {
            foreach (var line in File.ReadLines("/proc/self/maps"))
            {
                // 7f0c2a400000-7f0c2a628000 r-xp 00028000 08:01 1234 /usr/lib/libc.so.6
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields.Length < 6 || fields[1].Contains('w', StringComparison.Ordinal) || !fields[5].StartsWith('/'))
                    continue;
                var ends = fields[0].Split('-').Select(static end => nint.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray();
                _ = Advise(ends[0], ends[1] - ends[0], PageOut);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or EntryPointNotFoundException or DllNotFoundException)
        {
            // Without /proc the memory is kept until another program needs it.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nint length, int advice);
}
