-- +goose Up
-- What became of each customer, or chat of customers, at each employee; userid is
-- empty where WeCom refused it from the start.
CREATE TABLE customer_task_target (
  task_id BIGINT NOT NULL,
  target  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  userid  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  result  TINYINT NOT NULL,
  sent_at BIGINT NULL,
  PRIMARY KEY (task_id, target, userid)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE customer_task_target;
