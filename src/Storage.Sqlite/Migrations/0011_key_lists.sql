-- Of each key of a server the list that it published it in, for a notary's answers: a list may no longer have what an earlier one had. What was kept is asked for again.
DROP TABLE server_key_lists;
CREATE TABLE server_key_lists (
  server TEXT NOT NULL, id_key TEXT NOT NULL, key_id TEXT NOT NULL, json BLOB NOT NULL, valid_until INTEGER NOT NULL, PRIMARY KEY (server, id_key)) STRICT, WITHOUT ROWID;
