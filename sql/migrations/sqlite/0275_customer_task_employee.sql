-- +goose Up
-- Employees who have a task: waiting to over_quota count their customers by
-- result. looked: 0 never, 1 before they sent, 2 for good.
CREATE TABLE customer_task_employee (
  task_id    BIGINT NOT NULL,
  userid     VARCHAR(64) NOT NULL,
  sent       TINYINT NOT NULL,
  sent_at    BIGINT NULL,
  looked     TINYINT NOT NULL DEFAULT 0,
  waiting    INT NOT NULL DEFAULT 0,
  done       INT NOT NULL DEFAULT 0,
  no_friend  INT NOT NULL DEFAULT 0,
  over_quota INT NOT NULL DEFAULT 0,
  PRIMARY KEY (task_id, userid)
);
-- +goose Down
DROP TABLE customer_task_employee;
