-- +goose Up
-- How far the feed has been read. holes are ids passed over, whose
-- transactions may yet commit.
CREATE TABLE feed_reader (
  id       BIGINT NOT NULL PRIMARY KEY,
  position BIGINT NOT NULL,
  holes    MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  free_at  BIGINT NOT NULL,
  claim    BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE feed_reader;
