-- Nonces of shared-secret registration that were used, until they would have expired (milliseconds since the epoch).
CREATE TABLE used_nonces (nonce TEXT NOT NULL PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX used_nonces_expiry ON used_nonces (expires_at);
