-- Of an invite or knock of a room that this server is not in: the room's version, and the server that invites or took the knock.
ALTER TABLE memberships ADD COLUMN room_version TEXT;
ALTER TABLE memberships ADD COLUMN told_by TEXT;
