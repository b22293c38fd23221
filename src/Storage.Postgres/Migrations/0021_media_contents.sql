-- The content of media, in pieces. A row without a name is an upload under way, or one whose sender is gone.
CREATE TABLE media_contents (
    upload text COLLATE "C" NOT NULL PRIMARY KEY,
    name text COLLATE "C" UNIQUE,
    size bigint NOT NULL DEFAULT 0,
    started_at bigint NOT NULL);
CREATE INDEX media_contents_under_way ON media_contents (started_at) WHERE name IS NULL;

CREATE TABLE media_pieces (
    upload text COLLATE "C" NOT NULL REFERENCES media_contents ON DELETE CASCADE,
    piece bigint NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (upload, piece));

-- Media are compressed already.
ALTER TABLE media_pieces ALTER COLUMN bytes SET STORAGE EXTERNAL;
