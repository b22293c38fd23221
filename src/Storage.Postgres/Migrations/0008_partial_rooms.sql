-- Rooms joined without their members: the join, the server that took it, what came after it, and the servers that a resident server named. filled_at: when the state became whole.
CREATE TABLE partial_rooms (room_id text COLLATE "C" NOT NULL PRIMARY KEY, join_event_id text COLLATE "C" NOT NULL, origin text COLLATE "C" NOT NULL, filled_at bigint);
CREATE TABLE partial_servers (room_id text COLLATE "C" NOT NULL, server text COLLATE "C" NOT NULL, PRIMARY KEY (room_id, server));
CREATE TABLE partial_events (room_id text COLLATE "C" NOT NULL, idx bigint NOT NULL, event_id text COLLATE "C" NOT NULL, PRIMARY KEY (room_id, idx));
CREATE INDEX partial_rooms_open ON partial_rooms (room_id) WHERE filled_at IS NULL;
