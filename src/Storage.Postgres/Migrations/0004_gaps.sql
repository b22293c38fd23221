-- Each missing event with the live event before which it stands: paging finds the gaps of a room in order.
DROP TABLE backward_extremities;
CREATE TABLE backward_extremities (room_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL, anchor bigint NOT NULL, PRIMARY KEY (room_id, event_id));
CREATE INDEX backward_extremities_order ON backward_extremities (room_id, anchor);
