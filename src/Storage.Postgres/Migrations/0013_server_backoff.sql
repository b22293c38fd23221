-- Servers that did not answer several times in a row, and when they failed to the last time (ms since epoch): a restart does not ask them all at once.
CREATE TABLE server_backoff (server text COLLATE "C" NOT NULL PRIMARY KEY, failures bigint NOT NULL, failed_at bigint NOT NULL);
