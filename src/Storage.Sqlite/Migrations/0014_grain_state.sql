-- Small documents that grains keep by Orleans' grain storage. modified_at: ms since epoch.
CREATE TABLE grain_state (
  state TEXT NOT NULL, grain_key TEXT NOT NULL, payload BLOB NOT NULL, modified_at INTEGER NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY (state, grain_key)) STRICT, WITHOUT ROWID;
CREATE INDEX grain_state_age ON grain_state (state, modified_at);
