-- The newest event of a room on many servers that is to be sent to all of them: those whose queue is kept by room get it in place of the one in outbox_rooms.
CREATE TABLE outbox_newest (room_id TEXT NOT NULL PRIMARY KEY, event_id TEXT NOT NULL, pos INTEGER NOT NULL) STRICT, WITHOUT ROWID;
