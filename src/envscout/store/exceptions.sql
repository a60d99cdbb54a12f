-- name: put
INSERT INTO exception (vulnerability, kind, justification, owner, reason, organization, environment, service, digest,
                       package, until, on_fix, on_kev)
VALUES (:vulnerability, :kind, :justification, :owner, :reason, :organization, :environment, :service, :digest,
        :package, :until, :on_fix, :on_kev)
RETURNING exception_id

-- name: put_event
INSERT INTO exception_event (exception_id, action, at, actor, reason) VALUES (:exception_id, :action, :at, :actor, :reason)

-- name: entries
-- Every exception that had been added at a moment, with how it was removed if it had been by then.
SELECT x.exception_id, x.vulnerability, x.kind, x.justification, x.owner, x.reason, x.organization, x.environment,
       x.service, x.digest, x.package, x.until, x.on_fix, x.on_kev, a.at, a.actor, r.at, r.actor, r.reason
  FROM exception x JOIN exception_event a ON a.exception_id = x.exception_id AND a.action = 'added'
  LEFT JOIN exception_event r ON r.exception_id = x.exception_id AND r.action = 'removed' AND r.at <= :at
 WHERE a.at <= :at AND (:all OR r.event_id IS NULL) AND (:exception_id = 0 OR x.exception_id = :exception_id)
   AND (:tenant = '' OR x.organization IN ('', :tenant))
 ORDER BY x.exception_id

-- name: last_moment
SELECT max(at) FROM exception_event WHERE exception_id = :exception_id
