-- The list of a room's threads; only events in threads pay for it.
CREATE INDEX events_threads ON events (room_id, anchor) WHERE rel_type = 'm.thread';
