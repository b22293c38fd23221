-- Events of other servers that were taken and cannot be judged yet, because what they follow is not here.
CREATE TABLE staged_pdus (
  room_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL, origin text COLLATE "C" NOT NULL, json bytea NOT NULL, received_at bigint NOT NULL,
  PRIMARY KEY (room_id, event_id));
CREATE INDEX staged_pdus_origin ON staged_pdus (origin);
