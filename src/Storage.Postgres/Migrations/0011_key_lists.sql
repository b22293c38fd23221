-- Of each key of a server the list that it published it in, for a notary's answers: a list may no longer have what an earlier one had. What was kept is asked for again.
DROP TABLE server_key_lists;
CREATE TABLE server_key_lists (
  server text COLLATE "C" NOT NULL, id_key text COLLATE "C" NOT NULL, key_id text COLLATE "C" NOT NULL, json bytea NOT NULL, valid_until bigint NOT NULL, PRIMARY KEY (server, id_key));
