-- Accounts deactivated with erase: what they sent is only for who was there.
ALTER TABLE accounts ADD COLUMN erased bigint NOT NULL DEFAULT 0;
CREATE INDEX accounts_erased ON accounts (erased, user_id) WHERE erased = 1;
