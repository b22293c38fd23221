-- Users who are shown as there: looked through when a silo starts.
CREATE INDEX presence_shown ON presence (user_id) WHERE presence <> 'offline';
