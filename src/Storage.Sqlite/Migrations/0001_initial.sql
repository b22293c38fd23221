-- The one stream: the last position given out. Raised inside the commit.
CREATE TABLE stream_head (id INTEGER PRIMARY KEY CHECK (id = 1), pos INTEGER NOT NULL) STRICT;
INSERT INTO stream_head (id, pos) VALUES (1, 0);

CREATE TABLE fences (owner TEXT NOT NULL PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Rooms
CREATE TABLE rooms (
  room_id TEXT NOT NULL PRIMARY KEY, version TEXT NOT NULL, state BLOB NOT NULL, extremities BLOB NOT NULL, depth INTEGER NOT NULL,
  last_position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE room_summaries (
  room_id TEXT NOT NULL PRIMARY KEY, name TEXT, topic TEXT, avatar_url TEXT, canonical_alias TEXT, room_type TEXT, join_rule TEXT NOT NULL,
  world_readable INTEGER NOT NULL, guest_can_join INTEGER NOT NULL, encrypted INTEGER NOT NULL, joined_members INTEGER NOT NULL,
  search_text TEXT NOT NULL) STRICT;
CREATE TABLE public_rooms (room_id TEXT NOT NULL, network TEXT NOT NULL, PRIMARY KEY (room_id, network)) STRICT, WITHOUT ROWID;
CREATE TABLE aliases (alias TEXT NOT NULL PRIMARY KEY, room_id TEXT NOT NULL, creator TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_room ON aliases (room_id);

-- Events. Live ones stand at (their position, 0); historic ones at (position of the live event after the gap, negative); outliers nowhere.
CREATE TABLE events (
  event_id TEXT NOT NULL UNIQUE, room_id TEXT NOT NULL, anchor INTEGER, minor INTEGER, depth INTEGER NOT NULL, origin_ts INTEGER NOT NULL, type TEXT NOT NULL,
  state_key TEXT, sender TEXT NOT NULL, status INTEGER NOT NULL, state_before BLOB, json BLOB NOT NULL, redacted_by TEXT, device_id TEXT, txn_id TEXT,
  relates_to TEXT, rel_type TEXT) STRICT;
CREATE UNIQUE INDEX events_order ON events (room_id, anchor, minor) WHERE anchor IS NOT NULL;
-- By depth; the rare search by timestamp scans the room in it without touching the table.
CREATE INDEX events_depth ON events (room_id, depth, origin_ts) WHERE anchor IS NOT NULL AND status = 0;
CREATE INDEX events_relations ON events (relates_to, anchor, minor) WHERE relates_to IS NOT NULL;

CREATE TABLE pending_redactions (
  target_key TEXT NOT NULL, redaction_event_id TEXT NOT NULL, room_id TEXT NOT NULL, PRIMARY KEY (target_key, redaction_event_id)) STRICT, WITHOUT ROWID;
CREATE TABLE backward_extremities (room_id TEXT NOT NULL, event_id TEXT NOT NULL, PRIMARY KEY (room_id, event_id)) STRICT, WITHOUT ROWID;
CREATE TABLE transactions (
  user_id TEXT NOT NULL, device_id TEXT NOT NULL, scope TEXT NOT NULL, txn_id TEXT NOT NULL, event_id TEXT NOT NULL, ts INTEGER NOT NULL,
  PRIMARY KEY (user_id, device_id, scope, txn_id)) STRICT, WITHOUT ROWID;
CREATE TABLE state_nodes (id BLOB NOT NULL PRIMARY KEY, node BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
  user_id TEXT NOT NULL, room_id TEXT NOT NULL, membership TEXT NOT NULL, sender TEXT NOT NULL, event_id TEXT NOT NULL, pos INTEGER NOT NULL, stripped BLOB,
  forgotten INTEGER NOT NULL, display_name TEXT, avatar_url TEXT, server TEXT NOT NULL, PRIMARY KEY (user_id, room_id)) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_room ON memberships (room_id, membership, server);

-- Accounts
CREATE TABLE accounts (
  user_id TEXT NOT NULL PRIMARY KEY, password_hash TEXT, is_admin INTEGER NOT NULL, is_guest INTEGER NOT NULL, deactivated INTEGER NOT NULL, locked INTEGER NOT NULL,
  suspended INTEGER NOT NULL, app_service_id TEXT, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
  hash BLOB NOT NULL PRIMARY KEY, kind INTEGER NOT NULL, user_id TEXT NOT NULL, device_id TEXT NOT NULL, expires_at INTEGER, refresh_hash BLOB) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_expiry ON tokens (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX tokens_user ON tokens (user_id, device_id);
CREATE TABLE profiles (
  user_id TEXT NOT NULL, field_key TEXT NOT NULL, field TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (user_id, field_key)) STRICT, WITHOUT ROWID;
CREATE TABLE user_directory (user_id TEXT NOT NULL PRIMARY KEY, display_name TEXT, avatar_url TEXT, search_text TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE registration_tokens (
  token_key TEXT NOT NULL PRIMARY KEY, token TEXT NOT NULL, uses_allowed INTEGER, completed INTEGER NOT NULL, expires_at INTEGER) STRICT, WITHOUT ROWID;

-- Devices and keys
CREATE TABLE devices (
  user_id TEXT NOT NULL, device_id TEXT NOT NULL, display_name TEXT, last_seen_ip TEXT, last_seen_at INTEGER, user_agent TEXT,
  PRIMARY KEY (user_id, device_id)) STRICT, WITHOUT ROWID;
CREATE TABLE device_keys (user_id TEXT NOT NULL, device_id TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY (user_id, device_id)) STRICT, WITHOUT ROWID;
CREATE TABLE cross_signing_keys (user_id TEXT NOT NULL, usage TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY (user_id, usage)) STRICT, WITHOUT ROWID;
CREATE TABLE key_signatures (
  target_user_id TEXT NOT NULL, signer_id TEXT NOT NULL, signed_key TEXT NOT NULL, key_id TEXT NOT NULL, target TEXT NOT NULL, signature TEXT NOT NULL,
  PRIMARY KEY (target_user_id, signer_id, signed_key)) STRICT, WITHOUT ROWID;
CREATE TABLE one_time_keys (
  user_id TEXT NOT NULL, device_id TEXT NOT NULL, algorithm_key TEXT NOT NULL, id_key TEXT NOT NULL, algorithm TEXT NOT NULL, key_id TEXT NOT NULL, json BLOB NOT NULL,
  uploaded_at INTEGER NOT NULL, PRIMARY KEY (user_id, device_id, algorithm_key, id_key)) STRICT, WITHOUT ROWID;
CREATE TABLE fallback_keys (
  user_id TEXT NOT NULL, device_id TEXT NOT NULL, algorithm_key TEXT NOT NULL, algorithm TEXT NOT NULL, key_id TEXT NOT NULL, json BLOB NOT NULL, used INTEGER NOT NULL,
  PRIMARY KEY (user_id, device_id, algorithm_key)) STRICT, WITHOUT ROWID;
-- only_for: the one user who sees the change; empty: all who see the user.
CREATE TABLE device_list_changes (
  user_id TEXT NOT NULL, only_for TEXT NOT NULL, pos INTEGER NOT NULL, PRIMARY KEY (user_id, only_for)) STRICT, WITHOUT ROWID;
CREATE INDEX device_list_changes_pos ON device_list_changes (pos);
CREATE TABLE key_backups (
  user_id TEXT NOT NULL, version INTEGER NOT NULL, algorithm TEXT NOT NULL, auth_data BLOB NOT NULL, etag INTEGER NOT NULL, deleted INTEGER NOT NULL,
  PRIMARY KEY (user_id, version)) STRICT, WITHOUT ROWID;
CREATE TABLE key_backup_sessions (
  user_id TEXT NOT NULL, version INTEGER NOT NULL, room_key TEXT NOT NULL, session_key TEXT NOT NULL, room_id TEXT NOT NULL, session_id TEXT NOT NULL, json BLOB NOT NULL,
  PRIMARY KEY (user_id, version, room_key, session_key)) STRICT, WITHOUT ROWID;
CREATE TABLE to_device (
  user_id TEXT NOT NULL, device_id TEXT NOT NULL, pos INTEGER NOT NULL, json BLOB NOT NULL, PRIMARY KEY (user_id, device_id, pos)) STRICT, WITHOUT ROWID;

-- What users keep
CREATE TABLE account_data (
  user_id TEXT NOT NULL, room_id TEXT NOT NULL, type_key TEXT NOT NULL, type TEXT NOT NULL, json BLOB NOT NULL, pos INTEGER NOT NULL,
  PRIMARY KEY (user_id, room_id, type_key)) STRICT, WITHOUT ROWID;
CREATE INDEX account_data_pos ON account_data (user_id, pos);
CREATE TABLE filters (user_id TEXT NOT NULL, filter_id TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY (user_id, filter_id)) STRICT, WITHOUT ROWID;
CREATE TABLE receipts (
  room_id TEXT NOT NULL, user_id TEXT NOT NULL, kind_key TEXT NOT NULL, type TEXT NOT NULL, thread_id TEXT NOT NULL, event_id TEXT NOT NULL, anchor INTEGER NOT NULL,
  minor INTEGER NOT NULL, ts INTEGER NOT NULL, pos INTEGER NOT NULL, PRIMARY KEY (room_id, user_id, kind_key)) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_pos ON receipts (room_id, pos);
CREATE INDEX receipts_user ON receipts (user_id);
CREATE TABLE typing (room_id TEXT NOT NULL PRIMARY KEY, users BLOB NOT NULL, pos INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE presence (
  user_id TEXT NOT NULL PRIMARY KEY, presence TEXT NOT NULL, status_msg TEXT, last_active_at INTEGER NOT NULL, currently_active INTEGER NOT NULL,
  pos INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX presence_pos ON presence (pos);

-- Media, remote servers, reminders
CREATE TABLE media (
  origin TEXT NOT NULL, media_id TEXT NOT NULL, uploader TEXT, content_type TEXT, file_name TEXT, size INTEGER NOT NULL, sha256 TEXT, created_at INTEGER NOT NULL,
  quarantined INTEGER NOT NULL, PRIMARY KEY (origin, media_id)) STRICT, WITHOUT ROWID;
CREATE TABLE server_keys (
  server TEXT NOT NULL, id_key TEXT NOT NULL, key_id TEXT NOT NULL, public_key BLOB NOT NULL, valid_until INTEGER NOT NULL, is_old INTEGER NOT NULL,
  fetched_at INTEGER NOT NULL, PRIMARY KEY (server, id_key)) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
  destination TEXT NOT NULL, pos INTEGER NOT NULL, event_id TEXT, edu BLOB, PRIMARY KEY (destination, pos)) STRICT, WITHOUT ROWID;
CREATE TABLE inbound_transactions (
  origin TEXT NOT NULL, txn_id TEXT NOT NULL, response BLOB NOT NULL, ts INTEGER NOT NULL, PRIMARY KEY (origin, txn_id)) STRICT, WITHOUT ROWID;
CREATE INDEX inbound_transactions_time ON inbound_transactions (ts);
CREATE TABLE reminders (
  grain_id TEXT NOT NULL, name TEXT NOT NULL, start_at INTEGER NOT NULL, period_ms INTEGER NOT NULL, etag INTEGER NOT NULL,
  PRIMARY KEY (grain_id, name)) STRICT, WITHOUT ROWID;
