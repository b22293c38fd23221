using OrleansMatrix.Storage.Sqlite;

namespace OrleansMatrix.Storage.Tests.Commits;

public sealed class SqliteDialectTests
{
    [Theory]
    [InlineData("SELECT a FROM t WHERE b = $1 ORDER BY c LIMIT $2", "SELECT a FROM t WHERE b = ?1 ORDER BY c LIMIT ?2 + 0")]
    [InlineData("SELECT a FROM t LIMIT $6 OFFSET $7", "SELECT a FROM t LIMIT ?6 + 0 OFFSET ?7")]
    [InlineData("SELECT a FROM t WHERE b = ANY($12) LIMIT 1", "SELECT a FROM t WHERE b IN (SELECT value FROM json_each(?12)) LIMIT 1")]
    public void Statements_are_translated_so_that_they_are_prepared_once(string sql, string expected) => Assert.Equal(expected, SqliteDialect.Translate(sql));
}
