using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OrleansMatrix.Storage.Sqlite.Native;

/// <summary>
/// The platform's VFS, but for how the write-ahead log is written: SQLite writes it in two small pieces for each page, here they are gathered and written at
/// once when the log is synced. For connections with <c>synchronous=FULL</c> only: they sync before a commit becomes visible, so that nobody can look for
/// what is still gathered. A write that fails makes that sync fail, and so the commit.
/// </summary>
internal static unsafe class GatheredLog
{
    private const int IsLog = 0x80000;   // SQLITE_OPEN_WAL
    private const int OutOfMemory = 7;

    // SQLite's unix VFS takes less than 128 KiB in one write.
    private const int Capacity = 120 * 1024;

    /// <summary>The VFS to open the connection with; the platform's own if it is of a kind that is not known.</summary>
    public static readonly string? Name = Register("gathered-log");

    private static string? Register(string name)
    {
        var platform = (SqliteVfs*)SqliteApi.FindVfs(null);
        if (platform == null || platform->Version != 3) return null;
        // For as long as the process lives, as SQLite asks.
        var vfs = (SqliteVfs*)NativeMemory.Alloc((nuint)sizeof(SqliteVfs));
        *vfs = *platform;
        vfs->Name = (byte*)Marshal.StringToCoTaskMemUTF8(name);
        vfs->AppData = platform;
        vfs->FileSize = Offset(platform) + sizeof(State);
        vfs->Open = &Open;
        return SqliteApi.RegisterVfs((nint)vfs, 0) == SqliteApi.Ok ? name : null;
    }

    /// <summary>What stands behind the platform's file.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct State
    {
        public SqliteFileMethods Methods;
        public SqliteFileMethods* Platform;
        public byte* Buffer;
        public int Length;
        public long Position;
    }

    private static int Offset(SqliteVfs* platform) => (platform->FileSize + 7) & ~7;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(SqliteVfs* vfs, byte* name, SqliteFile* file, int flags, int* outFlags)
    {
        var platform = (SqliteVfs*)vfs->AppData;
        var code = platform->Open(platform, name, file, flags, outFlags);
        if (code != SqliteApi.Ok || (flags & IsLog) == 0) return code;
        var state = (State*)((byte*)file + Offset(platform));
        *state = new State { Platform = file->Methods, Methods = *file->Methods };
        state->Methods.Close = &Close;
        state->Methods.Read = &Read;
        state->Methods.Write = &Write;
        state->Methods.Truncate = &Truncate;
        state->Methods.Sync = &Sync;
        state->Methods.Size = &Size;
        file->Methods = &state->Methods;
        return code;
    }

    // The methods are the first member of the state.
    private static State* StateOf(SqliteFile* file) => (State*)file->Methods;

    private static int Flush(SqliteFile* file, State* state)
    {
        var length = state->Length;
        state->Length = 0;
        return length == 0 ? SqliteApi.Ok : state->Platform->Write(file, state->Buffer, length, state->Position);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(SqliteFile* file, byte* bytes, int count, long position)
    {
        var state = StateOf(file);
        if (state->Buffer == null)
        {
            state->Buffer = (byte*)SqliteApi.Allocate(Capacity);
            if (state->Buffer == null) return OutOfMemory;
        }
        if (position != state->Position + state->Length || count > Capacity - state->Length)
        {
            var code = Flush(file, state);
            if (code != SqliteApi.Ok) return code;
            if (count > Capacity) return state->Platform->Write(file, bytes, count, position);
            state->Position = position;
        }
        Unsafe.CopyBlockUnaligned(state->Buffer + state->Length, bytes, (uint)count);
        state->Length += count;
        return SqliteApi.Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sync(SqliteFile* file, int flags)
    {
        var state = StateOf(file);
        var code = Flush(file, state);
        return code != SqliteApi.Ok ? code : state->Platform->Sync(file, flags);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(SqliteFile* file, byte* bytes, int count, long position)
    {
        var state = StateOf(file);
        var code = Flush(file, state);
        return code != SqliteApi.Ok ? code : state->Platform->Read(file, bytes, count, position);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(SqliteFile* file, long size)
    {
        var state = StateOf(file);
        var code = Flush(file, state);
        return code != SqliteApi.Ok ? code : state->Platform->Truncate(file, size);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Size(SqliteFile* file, long* size)
    {
        var state = StateOf(file);
        var code = Flush(file, state);
        return code != SqliteApi.Ok ? code : state->Platform->Size(file, size);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Close(SqliteFile* file)
    {
        var state = StateOf(file);
        var flushed = Flush(file, state);
        SqliteApi.Free((nint)state->Buffer);
        file->Methods = state->Platform;
        var closed = file->Methods->Close(file);
        return flushed != SqliteApi.Ok ? flushed : closed;
    }
}
