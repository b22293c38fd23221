-- Events that were fetched by themselves and that no event of the history follows: when they come, they are news.
CREATE TABLE islands (room_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL, PRIMARY KEY (room_id, event_id));
