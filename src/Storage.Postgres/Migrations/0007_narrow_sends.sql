-- A send costs the pages that it touches. Transactions are found by a hash (they are short-lived, and not carried over); the search by timestamp reads the
-- index of history; nothing searched by depth.
DROP TABLE transactions;
CREATE TABLE transactions (key bytea NOT NULL PRIMARY KEY, event_id text COLLATE "C" NOT NULL, ts bigint NOT NULL);
DROP INDEX events_depth;
DROP INDEX events_order;
CREATE INDEX events_order ON events (room_id, anchor, minor) INCLUDE (origin_ts, status) WHERE anchor IS NOT NULL;
