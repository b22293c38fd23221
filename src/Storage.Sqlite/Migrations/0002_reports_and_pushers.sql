-- Reports of content, and pushers. Columns named …_key hold a key of bounded length for what clients name freely.
CREATE TABLE reports (
  id INTEGER PRIMARY KEY, reporter TEXT NOT NULL, room_id TEXT NOT NULL, event_id TEXT NOT NULL, reported_user_id TEXT NOT NULL, reason TEXT NOT NULL,
  received_at INTEGER NOT NULL) STRICT;
CREATE TABLE pushers (
  user_id TEXT NOT NULL, pusher_key TEXT NOT NULL, app_id TEXT NOT NULL, push_key TEXT NOT NULL, device_id TEXT NOT NULL, json BLOB NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, pusher_key)) STRICT, WITHOUT ROWID;
CREATE INDEX pushers_key ON pushers (pusher_key);
