-- name: changes
-- A number that changes whenever another connection has written.
PRAGMA data_version

-- name: arrive
-- Note that a worker lives.
INSERT INTO worker (name, began, seen) VALUES (:name, :at, :at)
ON CONFLICT (name) DO UPDATE SET seen = excluded.seen

-- name: leave
DELETE FROM worker WHERE name = :name

-- name: forget_workers
-- Forget workers that were not seen for long.
DELETE FROM worker WHERE seen < :since

-- name: workers
SELECT name, began, seen FROM worker WHERE seen >= :since ORDER BY began, name

-- name: task
SELECT began, ended, due, runs, failures, problem, worker FROM task WHERE name = :name

-- name: tasks
SELECT name, began, ended, due, runs, failures, problem, worker FROM task ORDER BY name

-- name: begin
-- Note that a task runs.
INSERT INTO task (name, began, ended, due, runs, failures, problem, worker)
VALUES (:name, :at, 0, :due, 0, 0, '', :worker)
ON CONFLICT (name) DO UPDATE SET began = excluded.began, due = excluded.due, worker = excluded.worker

-- name: end
-- Note that a task ran to its end.
INSERT INTO task (name, began, ended, due, runs, failures, problem, worker)
VALUES (:name, :began, :at, :due, 1, 0, '', :worker)
ON CONFLICT (name) DO UPDATE
   SET began = excluded.began, ended = excluded.ended, due = excluded.due, runs = task.runs + 1, failures = 0,
       problem = '', worker = excluded.worker

-- name: fail
-- Note that a task failed, and when it is to be tried again.
INSERT INTO task (name, began, ended, due, runs, failures, problem, worker)
VALUES (:name, :began, :at, :due, 1, 1, :problem, :worker)
ON CONFLICT (name) DO UPDATE
   SET began = excluded.began, ended = excluded.ended, due = excluded.due, runs = task.runs + 1,
       failures = task.failures + 1, problem = excluded.problem, worker = excluded.worker
