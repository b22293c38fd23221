-- What other grains have yet to take away of an account: of a device that is gone, or (device_id '') the private data of who was erased.
CREATE TABLE account_cleanups (user_id text COLLATE "C" NOT NULL, device_id text COLLATE "C" NOT NULL, PRIMARY KEY (user_id, device_id));
