-- The one stream: the last position given out. Each commit locks the row first and keeps it to its end, so positions become visible in their order.
CREATE TABLE stream_head (id bigint PRIMARY KEY CHECK (id = 1), pos bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO stream_head (id, pos) VALUES (1, 0);

-- What each position stands for, for the feeds of the other silos; old rows are pruned.
CREATE TABLE changes (pos bigint PRIMARY KEY, kind bigint NOT NULL, key text COLLATE "C" NOT NULL);

CREATE TABLE fences (owner text COLLATE "C" NOT NULL PRIMARY KEY, epoch bigint NOT NULL);
CREATE TABLE settings (name text COLLATE "C" NOT NULL PRIMARY KEY, value text COLLATE "C" NOT NULL);

-- Rooms
CREATE TABLE rooms (
  room_id text COLLATE "C" NOT NULL PRIMARY KEY, version text COLLATE "C" NOT NULL, state bytea NOT NULL, extremities bytea NOT NULL,
  depth bigint NOT NULL,
  last_position bigint NOT NULL);
CREATE TABLE room_summaries (
  room_id text COLLATE "C" NOT NULL PRIMARY KEY, name text COLLATE "C", topic text COLLATE "C", avatar_url text COLLATE "C",
  canonical_alias text COLLATE "C", room_type text COLLATE "C", join_rule text COLLATE "C" NOT NULL,
  world_readable bigint NOT NULL, guest_can_join bigint NOT NULL, encrypted bigint NOT NULL, joined_members bigint NOT NULL,
  search_text text COLLATE "C" NOT NULL);
CREATE TABLE public_rooms (room_id text COLLATE "C" NOT NULL, network text COLLATE "C" NOT NULL, PRIMARY KEY (room_id, network));
CREATE TABLE aliases (alias text COLLATE "C" NOT NULL PRIMARY KEY, room_id text COLLATE "C" NOT NULL, creator text COLLATE "C" NOT NULL);
CREATE INDEX aliases_room ON aliases (room_id);

-- Events. Live ones stand at (their position, 0); historic ones at (position of the live event after the gap, negative); outliers nowhere.
CREATE TABLE events (
  event_id text COLLATE "C" NOT NULL PRIMARY KEY, room_id text COLLATE "C" NOT NULL, anchor bigint, minor bigint, depth bigint NOT NULL,
  origin_ts bigint NOT NULL, type text COLLATE "C" NOT NULL,
  state_key text COLLATE "C", sender text COLLATE "C" NOT NULL, status bigint NOT NULL, state_before bytea, json bytea NOT NULL,
  redacted_by text COLLATE "C", device_id text COLLATE "C", txn_id text COLLATE "C",
  relates_to text COLLATE "C", rel_type text COLLATE "C");
CREATE UNIQUE INDEX events_order ON events (room_id, anchor, minor) WHERE anchor IS NOT NULL;
-- By depth; the rare search by timestamp scans the room in it without touching the table.
CREATE INDEX events_depth ON events (room_id, depth, origin_ts) WHERE anchor IS NOT NULL AND status = 0;
CREATE INDEX events_relations ON events (relates_to, anchor, minor) WHERE relates_to IS NOT NULL;

CREATE TABLE pending_redactions (
  target_key text COLLATE "C" NOT NULL, redaction_event_id text COLLATE "C" NOT NULL, room_id text COLLATE "C" NOT NULL, PRIMARY KEY (target_key,
  redaction_event_id));
CREATE TABLE backward_extremities (room_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL, PRIMARY KEY (room_id, event_id));
CREATE TABLE transactions (
  user_id text COLLATE "C" NOT NULL, device_id text COLLATE "C" NOT NULL, scope text COLLATE "C" NOT NULL, txn_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL, ts bigint NOT NULL,
  PRIMARY KEY (user_id, device_id, scope, txn_id));
CREATE TABLE state_nodes (id bytea NOT NULL PRIMARY KEY, node bytea NOT NULL);

CREATE TABLE memberships (
  user_id text COLLATE "C" NOT NULL, room_id text COLLATE "C" NOT NULL, membership text COLLATE "C" NOT NULL, sender text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL, pos bigint NOT NULL, stripped bytea,
  forgotten bigint NOT NULL, display_name text COLLATE "C", avatar_url text COLLATE "C", server text COLLATE "C" NOT NULL, PRIMARY KEY (user_id,
  room_id));
CREATE INDEX memberships_room ON memberships (room_id, membership, server);

-- Accounts
CREATE TABLE accounts (
  user_id text COLLATE "C" NOT NULL PRIMARY KEY, password_hash text COLLATE "C", is_admin bigint NOT NULL, is_guest bigint NOT NULL,
  deactivated bigint NOT NULL, locked bigint NOT NULL,
  suspended bigint NOT NULL, app_service_id text COLLATE "C", created_at bigint NOT NULL);
CREATE TABLE tokens (
  hash bytea NOT NULL PRIMARY KEY, kind bigint NOT NULL, user_id text COLLATE "C" NOT NULL, device_id text COLLATE "C" NOT NULL, expires_at bigint,
  refresh_hash bytea);
CREATE INDEX tokens_expiry ON tokens (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX tokens_user ON tokens (user_id, device_id);
CREATE TABLE profiles (
  user_id text COLLATE "C" NOT NULL, field_key text COLLATE "C" NOT NULL, field text COLLATE "C" NOT NULL, value bytea NOT NULL,
  PRIMARY KEY (user_id, field_key));
CREATE TABLE user_directory (user_id text COLLATE "C" NOT NULL PRIMARY KEY, display_name text COLLATE "C", avatar_url text COLLATE "C",
  search_text text COLLATE "C" NOT NULL);
CREATE TABLE registration_tokens (
  token_key text COLLATE "C" NOT NULL PRIMARY KEY, token text COLLATE "C" NOT NULL, uses_allowed bigint, completed bigint NOT NULL,
  expires_at bigint);

-- Devices and keys
CREATE TABLE devices (
  user_id text COLLATE "C" NOT NULL, device_id text COLLATE "C" NOT NULL, display_name text COLLATE "C", last_seen_ip text COLLATE "C",
  last_seen_at bigint, user_agent text COLLATE "C",
  PRIMARY KEY (user_id, device_id));
CREATE TABLE device_keys (user_id text COLLATE "C" NOT NULL, device_id text COLLATE "C" NOT NULL, json bytea NOT NULL, PRIMARY KEY (user_id,
  device_id));
CREATE TABLE cross_signing_keys (user_id text COLLATE "C" NOT NULL, usage text COLLATE "C" NOT NULL, json bytea NOT NULL, PRIMARY KEY (user_id,
  usage));
CREATE TABLE key_signatures (
  target_user_id text COLLATE "C" NOT NULL, signer_id text COLLATE "C" NOT NULL, signed_key text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL, target text COLLATE "C" NOT NULL, signature text COLLATE "C" NOT NULL,
  PRIMARY KEY (target_user_id, signer_id, signed_key));
CREATE TABLE one_time_keys (
  user_id text COLLATE "C" NOT NULL, device_id text COLLATE "C" NOT NULL, algorithm_key text COLLATE "C" NOT NULL,
  id_key text COLLATE "C" NOT NULL, algorithm text COLLATE "C" NOT NULL, key_id text COLLATE "C" NOT NULL, json bytea NOT NULL,
  uploaded_at bigint NOT NULL, PRIMARY KEY (user_id, device_id, algorithm_key, id_key));
CREATE TABLE fallback_keys (
  user_id text COLLATE "C" NOT NULL, device_id text COLLATE "C" NOT NULL, algorithm_key text COLLATE "C" NOT NULL,
  algorithm text COLLATE "C" NOT NULL, key_id text COLLATE "C" NOT NULL, json bytea NOT NULL, used bigint NOT NULL,
  PRIMARY KEY (user_id, device_id, algorithm_key));
-- only_for: the one user who sees the change; empty: all who see the user.
CREATE TABLE device_list_changes (
  user_id text COLLATE "C" NOT NULL, only_for text COLLATE "C" NOT NULL, pos bigint NOT NULL, PRIMARY KEY (user_id, only_for));
CREATE INDEX device_list_changes_pos ON device_list_changes (pos);
CREATE TABLE key_backups (
  user_id text COLLATE "C" NOT NULL, version bigint NOT NULL, algorithm text COLLATE "C" NOT NULL, auth_data bytea NOT NULL, etag bigint NOT NULL,
  deleted bigint NOT NULL,
  PRIMARY KEY (user_id, version));
CREATE TABLE key_backup_sessions (
  user_id text COLLATE "C" NOT NULL, version bigint NOT NULL, room_key text COLLATE "C" NOT NULL, session_key text COLLATE "C" NOT NULL,
  room_id text COLLATE "C" NOT NULL, session_id text COLLATE "C" NOT NULL, json bytea NOT NULL,
  PRIMARY KEY (user_id, version, room_key, session_key));
CREATE TABLE to_device (
  user_id text COLLATE "C" NOT NULL, device_id text COLLATE "C" NOT NULL, pos bigint NOT NULL, json bytea NOT NULL, PRIMARY KEY (user_id,
  device_id, pos));

-- What users keep
CREATE TABLE account_data (
  user_id text COLLATE "C" NOT NULL, room_id text COLLATE "C" NOT NULL, type_key text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL,
  json bytea NOT NULL, pos bigint NOT NULL,
  PRIMARY KEY (user_id, room_id, type_key));
CREATE INDEX account_data_pos ON account_data (user_id, pos);
CREATE TABLE filters (user_id text COLLATE "C" NOT NULL, filter_id text COLLATE "C" NOT NULL, json bytea NOT NULL, PRIMARY KEY (user_id, filter_id));
CREATE TABLE receipts (
  room_id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL, kind_key text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL,
  thread_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL, anchor bigint NOT NULL,
  minor bigint NOT NULL, ts bigint NOT NULL, pos bigint NOT NULL, PRIMARY KEY (room_id, user_id, kind_key));
CREATE INDEX receipts_pos ON receipts (room_id, pos);
CREATE INDEX receipts_user ON receipts (user_id);
CREATE TABLE typing (room_id text COLLATE "C" NOT NULL PRIMARY KEY, users bytea NOT NULL, pos bigint NOT NULL);
CREATE TABLE presence (
  user_id text COLLATE "C" NOT NULL PRIMARY KEY, presence text COLLATE "C" NOT NULL, status_msg text COLLATE "C", last_active_at bigint NOT NULL,
  currently_active bigint NOT NULL,
  pos bigint NOT NULL);
CREATE INDEX presence_pos ON presence (pos);

-- Media, remote servers, reminders
CREATE TABLE media (
  origin text COLLATE "C" NOT NULL, media_id text COLLATE "C" NOT NULL, uploader text COLLATE "C", content_type text COLLATE "C",
  file_name text COLLATE "C", size bigint NOT NULL, sha256 text COLLATE "C", created_at bigint NOT NULL,
  quarantined bigint NOT NULL, PRIMARY KEY (origin, media_id));
CREATE TABLE server_keys (
  server text COLLATE "C" NOT NULL, id_key text COLLATE "C" NOT NULL, key_id text COLLATE "C" NOT NULL, public_key bytea NOT NULL,
  valid_until bigint NOT NULL, is_old bigint NOT NULL,
  fetched_at bigint NOT NULL, PRIMARY KEY (server, id_key));
CREATE TABLE outbox (
  destination text COLLATE "C" NOT NULL, pos bigint NOT NULL, event_id text COLLATE "C", edu bytea, PRIMARY KEY (destination, pos));
CREATE TABLE inbound_transactions (
  origin text COLLATE "C" NOT NULL, txn_id text COLLATE "C" NOT NULL, response bytea NOT NULL, ts bigint NOT NULL, PRIMARY KEY (origin, txn_id));
CREATE INDEX inbound_transactions_time ON inbound_transactions (ts);
CREATE TABLE reminders (
  grain_id text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, start_at bigint NOT NULL, period_ms bigint NOT NULL, etag bigint NOT NULL,
  PRIMARY KEY (grain_id, name));
