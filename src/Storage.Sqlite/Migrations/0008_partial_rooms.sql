-- Rooms joined without their members: the join, the server that took it, what came after it, and the servers that a resident server named. filled_at: when the state became whole.
CREATE TABLE partial_rooms (room_id TEXT NOT NULL PRIMARY KEY, join_event_id TEXT NOT NULL, origin TEXT NOT NULL, filled_at INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE partial_servers (room_id TEXT NOT NULL, server TEXT NOT NULL, PRIMARY KEY (room_id, server)) STRICT, WITHOUT ROWID;
CREATE TABLE partial_events (room_id TEXT NOT NULL, idx INTEGER NOT NULL, event_id TEXT NOT NULL, PRIMARY KEY (room_id, idx)) STRICT, WITHOUT ROWID;
CREATE INDEX partial_rooms_open ON partial_rooms (room_id) WHERE filled_at IS NULL;
