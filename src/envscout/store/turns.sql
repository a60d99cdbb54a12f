-- name: moments
-- When what is known of images changed, or will: feeds applied and gone stale, exceptions and VEX come and gone.
SELECT at FROM feed_run
UNION SELECT as_of + :age + 1 FROM feed_run
UNION SELECT as_of + every + 1 FROM feed_run WHERE every > 0
UNION SELECT at FROM exception_event
UNION SELECT until FROM exception WHERE until IS NOT NULL
UNION SELECT until + 1 FROM exception WHERE until IS NOT NULL
UNION SELECT k_from FROM image_vex
UNION SELECT k_to FROM image_vex
ORDER BY 1
