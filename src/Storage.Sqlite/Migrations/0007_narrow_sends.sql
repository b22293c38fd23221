-- A send costs the pages that it touches. Transactions are found by a hash (they are short-lived, and not carried over); the search by timestamp reads the
-- index of history; nothing searched by depth.
DROP TABLE transactions;
CREATE TABLE transactions (key BLOB NOT NULL PRIMARY KEY, event_id TEXT NOT NULL, ts INTEGER NOT NULL) STRICT, WITHOUT ROWID;
DROP INDEX events_depth;
DROP INDEX events_order;
CREATE INDEX events_order ON events (room_id, anchor, minor, origin_ts, status) WHERE anchor IS NOT NULL;
