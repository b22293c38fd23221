-- The index of what was said (ADR 0123). The words have no places: what is found is read from its event.
CREATE TABLE search_documents (
  doc bigint PRIMARY KEY, event_id text COLLATE "C" NOT NULL UNIQUE, size bigint NOT NULL, words tsvector NOT NULL);
-- Statistics of the words, which are large, would not help any plan.
ALTER TABLE search_documents ALTER COLUMN words SET STATISTICS 0;
-- A commit only puts words at the end of a list, of up to 16 MB; who adds them has them sorted in behind it, without the stream's lock.
CREATE INDEX search_documents_words ON search_documents USING gin (words) WITH (fastupdate = on, gin_pending_list_limit = 16384);
-- How far each room is in the index: all behind the old place up to the new one; without an old one all from the beginning.
CREATE TABLE search_rooms (
  room_id text COLLATE "C" NOT NULL PRIMARY KEY, new_anchor bigint NOT NULL, new_minor bigint NOT NULL, old_anchor bigint, old_minor bigint);
-- Events that came to a place which the index may have passed.
CREATE TABLE search_queue (room_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL, PRIMARY KEY (room_id, event_id));
