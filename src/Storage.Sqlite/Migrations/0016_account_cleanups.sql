-- What other grains have yet to take away of an account: of a device that is gone, or (device_id '') the private data of who was erased.
CREATE TABLE account_cleanups (user_id TEXT NOT NULL, device_id TEXT NOT NULL, PRIMARY KEY (user_id, device_id)) STRICT, WITHOUT ROWID;
