-- So that a speaker's word of what it sends can be told from one that nobody has renewed.

ALTER TABLE speakers ADD COLUMN told_at TIMESTAMP WITH TIME ZONE;
