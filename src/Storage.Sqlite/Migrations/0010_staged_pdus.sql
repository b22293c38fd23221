-- Events of other servers that were taken and cannot be judged yet, because what they follow is not here.
CREATE TABLE staged_pdus (
  room_id TEXT NOT NULL, event_id TEXT NOT NULL, origin TEXT NOT NULL, json BLOB NOT NULL, received_at INTEGER NOT NULL, PRIMARY KEY (room_id, event_id)) STRICT;
CREATE INDEX staged_pdus_origin ON staged_pdus (origin);
