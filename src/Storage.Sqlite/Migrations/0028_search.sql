-- The index of what was said (ADR 0123). The words have neither text nor places: what is found is read from its event.
CREATE VIRTUAL TABLE search_words USING fts5 (words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
CREATE TABLE search_documents (doc INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, size INTEGER NOT NULL) STRICT;
-- How far each room is in the index: all behind the old place up to the new one; without an old one all from the beginning.
CREATE TABLE search_rooms (
  room_id TEXT NOT NULL PRIMARY KEY, new_anchor INTEGER NOT NULL, new_minor INTEGER NOT NULL, old_anchor INTEGER, old_minor INTEGER) STRICT, WITHOUT ROWID;
-- Events that came to a place which the index may have passed.
CREATE TABLE search_queue (room_id TEXT NOT NULL, event_id TEXT NOT NULL, PRIMARY KEY (room_id, event_id)) STRICT, WITHOUT ROWID;
