-- Events that were fetched by themselves and that no event of the history follows: when they come, they are news.
CREATE TABLE islands (room_id TEXT NOT NULL, event_id TEXT NOT NULL, PRIMARY KEY (room_id, event_id)) STRICT, WITHOUT ROWID;
