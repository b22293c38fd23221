-- How far each pusher is in the stream; those that are there begin now, so that nobody is told what is old.
ALTER TABLE pushers ADD COLUMN pushed_to bigint NOT NULL DEFAULT 0;
UPDATE pushers SET pushed_to = (SELECT pos FROM stream_head);
