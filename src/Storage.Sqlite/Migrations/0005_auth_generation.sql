-- How far state resolution has to walk down the auth chains; only state events pay for the index.
ALTER TABLE events ADD COLUMN auth_generation INTEGER;
CREATE INDEX events_generation ON events (room_id, auth_generation) WHERE state_key IS NOT NULL;
