using System.Collections.Concurrent;
using Npgsql;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>
/// Builds the batch of commands of one group of units. Joined: inserts of one kind become one command of many rows. A command keeps its place relative to
/// other commands on the same table.
/// </summary>
internal sealed class CommitBatch(NpgsqlConnection connection, ConcurrentDictionary<Statement, PostgresPlan> plans, bool joined)
{
    /// <summary>Commits, and begins the next transaction.</summary>
    public const string CommitAndGoOn = "COMMIT AND CHAIN";

    private readonly List<(NpgsqlBatchCommand Command, PendingUnit? Unit, SqlWrite? Write)> _commands = [];
    private readonly Dictionary<string, (Statement Statement, JoinedInsert Insert)> _open = new(StringComparer.Ordinal);
    private readonly List<Action<PostgresRow>> _results = [];
    private int _commit = int.MaxValue;

    /// <summary>Adds a command of the commit loop itself; <paramref name="read"/> gets its rows, if it returns any.</summary>
    public void Add(string sql, Action<PostgresRow>? read, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        _commands.Add((command, null, null));
        if (read is not null) _results.Add(read);
    }

    /// <summary>Adds a unit's writes, its positions counted from the head on.</summary>
    public void Add(PendingUnit unit)
    {
        var writes = unit.Unit.Writes;
        for (var i = 0; i < writes.Count; i++)
        {
            var write = (SqlWrite)writes[i];
            var plan = plans.GetOrAdd(write.Statement, PostgresPlan.Of);
            if (!joined || !plan.IsForJoining || !Join(write, plan, unit.FirstPosition)) AddAlone(write, plan, unit);
        }
    }

    /// <summary>Writes out the joined inserts that are still open.</summary>
    public void Flush()
    {
        foreach (var (_, insert) in _open.Values) _commands.Add((insert.ToCommand(), null, null));
        _open.Clear();
    }

    /// <summary>Adds the commit of what was added; what follows is done after it, by a chain in the next transaction.</summary>
    public void Commit(bool chain)
    {
        _commit = _commands.Count;
        Add(chain ? CommitAndGoOn : "COMMIT", null);
    }

    /// <summary>Whether the commit may have been done when a command failed: it is the commit or stands behind it, or is not known.</summary>
    public bool MayHaveCommitted(NpgsqlBatchCommand? failed) =>
        _commands.FindIndex(command => ReferenceEquals(command.Command, failed)) is var index && (index < 0 || index >= _commit);

    /// <summary>Sends all commands in one round trip.</summary>
    public async Task RunAsync()
    {
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            foreach (var (command, _, _) in _commands) batch.BatchCommands.Add(command);
            var reader = await batch.ExecuteReaderAsync().ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                var row = new PostgresRow(reader);
                var result = 0;
                do
                {
                    while (await reader.ReadAsync().ConfigureAwait(false))
                    {
                        if (result < _results.Count) _results[result](row);
                    }
                    result++;
                }
                while (await reader.NextResultAsync().ConfigureAwait(false));
            }
        }
    }

    /// <summary>The unit and write that made the command; nulls if it is not one unit's.</summary>
    public (PendingUnit? Unit, SqlWrite? Write) OwnerOf(NpgsqlBatchCommand? command)
    {
        foreach (var (candidate, unit, write) in _commands)
        {
            if (ReferenceEquals(candidate, command)) return (unit, write);
        }
        return default;
    }

    private bool Join(SqlWrite write, PostgresPlan plan, long firstPosition)
    {
        if (_open.TryGetValue(plan.Table, out var open))
        {
            if (open.Statement == write.Statement) return open.Insert.TryAdd(write, firstPosition);
            Close(plan.Table);
        }
        var insert = new JoinedInsert(write.Statement, plan, PostgresPlan.PositionsIn(write.Values));
        if (!insert.TryAdd(write, firstPosition)) return false;
        _open.Add(plan.Table, (write.Statement, insert));
        return true;
    }

    private void AddAlone(SqlWrite write, PostgresPlan plan, PendingUnit unit)
    {
        Close(plan.Table);
        var command = new NpgsqlBatchCommand(plan.Alone(PostgresPlan.PositionsIn(write.Values)));
        PostgresParameters.Add(command.Parameters, write.Values, unit.FirstPosition);
        _commands.Add((command, unit, write));
        if (!write.HasRows) return;
        write.Reset();
        _results.Add(write.Read);
    }

    private void Close(string table)
    {
        if (_open.Remove(table, out var open)) _commands.Add((open.Insert.ToCommand(), null, null));
    }
}
