CREATE INDEX aliases_by_creator ON aliases (creator);
