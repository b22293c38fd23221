-- Reminders and grain state, for Microsoft.Orleans.Reminders.AdoNet and .Persistence.AdoNet. They find their queries in orleansquery; the names of keys, parameters
-- and result columns are theirs.
DROP TABLE reminders;
CREATE TABLE IF NOT EXISTS orleansquery (querykey text COLLATE "C" NOT NULL PRIMARY KEY, querytext text NOT NULL);

CREATE TABLE OrleansRemindersTable (
  ServiceId varchar(255) NOT NULL, GrainId text NOT NULL, ReminderName varchar(150) NOT NULL, StartTime timestamptz NOT NULL, Period bigint NOT NULL,
  GrainHash integer NOT NULL, Version integer NOT NULL, PRIMARY KEY (ServiceId, GrainId, ReminderName));
CREATE INDEX OrleansRemindersTable_hash ON OrleansRemindersTable (ServiceId, GrainHash);

-- ModifiedOn: ms since epoch.
CREATE TABLE OrleansStorage (
  GrainIdHash integer NOT NULL, GrainIdN0 bigint NOT NULL, GrainIdN1 bigint NOT NULL, GrainTypeHash integer NOT NULL, GrainTypeString varchar(512) NOT NULL,
  GrainIdExtensionString text NOT NULL, ServiceId varchar(255) NOT NULL, PayloadBinary bytea, ModifiedOn bigint NOT NULL, Version integer NOT NULL,
  PRIMARY KEY (GrainIdHash, GrainTypeHash, GrainIdN0, GrainIdN1, GrainTypeString, GrainIdExtensionString, ServiceId));
CREATE INDEX OrleansStorage_age ON OrleansStorage (GrainTypeString, ModifiedOn);

-- Grain state as the server's own statements see it, the same on both databases.
CREATE VIEW grain_state AS
  SELECT GrainTypeString AS state, GrainIdExtensionString AS grain_key, PayloadBinary AS payload, ModifiedOn AS modified_at, CAST(Version AS bigint) AS version FROM OrleansStorage;

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES
('UpsertReminderRowKey',
 'INSERT INTO OrleansRemindersTable AS r (ServiceId, GrainId, ReminderName, StartTime, Period, GrainHash, Version)
  VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
  ON CONFLICT (ServiceId, GrainId, ReminderName)
  DO UPDATE SET StartTime = excluded.StartTime, Period = excluded.Period, GrainHash = excluded.GrainHash, Version = r.Version + 1 RETURNING Version'),
('ReadReminderRowsKey',
 'SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansRemindersTable WHERE ServiceId = @ServiceId AND GrainId = @GrainId'),
('ReadReminderRowKey',
 'SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansRemindersTable
  WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName'),
('ReadRangeRows1Key',
 'SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansRemindersTable WHERE ServiceId = @ServiceId AND GrainHash > @BeginHash AND GrainHash <= @EndHash'),
('ReadRangeRows2Key',
 'SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansRemindersTable
  WHERE ServiceId = @ServiceId AND (GrainHash > @BeginHash OR GrainHash <= @EndHash)'),
('DeleteReminderRowKey',
 'WITH gone AS (
    DELETE FROM OrleansRemindersTable WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName AND Version = @Version RETURNING 1)
  SELECT count(*) FROM gone'),
('DeleteReminderRowsKey', 'DELETE FROM OrleansRemindersTable WHERE ServiceId = @ServiceId'),

-- The version that was there already says that nothing was written.
('WriteToStorageKey',
 'WITH changed AS (
    UPDATE OrleansStorage s SET PayloadBinary = @PayloadBinary, Version = s.Version + 1, ModifiedOn = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)
    WHERE s.GrainIdHash = @GrainIdHash AND s.GrainTypeHash = @GrainTypeHash AND s.GrainIdN0 = @GrainIdN0 AND s.GrainIdN1 = @GrainIdN1
      AND s.GrainTypeString = @GrainTypeString AND s.GrainIdExtensionString = COALESCE(@GrainIdExtensionString, '''') AND s.ServiceId = @ServiceId
      AND s.Version = CAST(@GrainStateVersion AS integer) RETURNING s.Version),
  added AS (
    INSERT INTO OrleansStorage (
      GrainIdHash, GrainIdN0, GrainIdN1, GrainTypeHash, GrainTypeString, GrainIdExtensionString, ServiceId, PayloadBinary, ModifiedOn, Version)
    SELECT @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainTypeHash, @GrainTypeString, COALESCE(@GrainIdExtensionString, ''''), @ServiceId, @PayloadBinary,
      CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint), 1
    WHERE CAST(@GrainStateVersion AS integer) IS NULL ON CONFLICT DO NOTHING RETURNING Version)
  SELECT COALESCE((SELECT Version FROM changed), (SELECT Version FROM added), CAST(@GrainStateVersion AS integer)) AS NewGrainStateVersion'),
('ReadFromStorageKey',
 'SELECT PayloadBinary, Version FROM OrleansStorage
  WHERE GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1 AND GrainTypeString = @GrainTypeString
    AND GrainIdExtensionString = COALESCE(@GrainIdExtensionString, '''') AND ServiceId = @ServiceId'),
('ClearStorageKey',
 'UPDATE OrleansStorage SET PayloadBinary = NULL, Version = Version + 1, ModifiedOn = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)
  WHERE GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1 AND GrainTypeString = @GrainTypeString
    AND GrainIdExtensionString = COALESCE(@GrainIdExtensionString, '''') AND ServiceId = @ServiceId AND Version = CAST(@GrainStateVersion AS integer)
  RETURNING Version AS NewGrainStateVersion'),
('DeleteStorageKey',
 'DELETE FROM OrleansStorage
  WHERE GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1 AND GrainTypeString = @GrainTypeString
    AND GrainIdExtensionString = COALESCE(@GrainIdExtensionString, '''') AND ServiceId = @ServiceId AND Version = CAST(@GrainStateVersion AS integer)
  RETURNING Version + 1 AS NewGrainStateVersion');
