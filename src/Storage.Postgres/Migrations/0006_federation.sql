-- What waits for a server: kinds are Storage.OutboxKind; topic is the room or user that it is about. Rows of before are events, and EDUs that may be dropped.
ALTER TABLE outbox ADD COLUMN kind BIGINT NOT NULL DEFAULT 1;
ALTER TABLE outbox ADD COLUMN topic TEXT NOT NULL DEFAULT '';
UPDATE outbox SET kind = 0, topic = COALESCE((SELECT room_id FROM events WHERE events.event_id = outbox.event_id), '') WHERE event_id IS NOT NULL;
-- In place of a long queue: the newest event of each room that a server has not been sent.
CREATE TABLE outbox_rooms (
  destination TEXT NOT NULL, room_id TEXT NOT NULL, event_id TEXT NOT NULL, pos BIGINT NOT NULL, PRIMARY KEY (destination, room_id));
-- The last m.device_list_update of a local user that a server has taken.
CREATE TABLE device_lists_told (
  destination TEXT NOT NULL, user_id TEXT NOT NULL, stream_id BIGINT NOT NULL, PRIMARY KEY (destination, user_id));
-- Remote users' device lists that are kept here; the devices are with the local ones. version counts what may have made the list old.
CREATE TABLE remote_device_lists (
  user_id TEXT NOT NULL PRIMARY KEY, stream_id BIGINT, fresh BIGINT NOT NULL, version BIGINT NOT NULL);
CREATE INDEX remote_device_lists_stale ON remote_device_lists (user_id) WHERE fresh = 0;
-- Other servers' keys as they published them, for a notary's answers.
CREATE TABLE server_key_lists (server TEXT NOT NULL PRIMARY KEY, json BYTEA NOT NULL, valid_until BIGINT NOT NULL);
