-- Each missing event with the live event before which it stands: paging finds the gaps of a room in order.
DROP TABLE backward_extremities;
CREATE TABLE backward_extremities (room_id TEXT NOT NULL, event_id TEXT NOT NULL, anchor INTEGER NOT NULL, PRIMARY KEY (room_id, event_id)) STRICT, WITHOUT ROWID;
CREATE INDEX backward_extremities_order ON backward_extremities (room_id, anchor);
