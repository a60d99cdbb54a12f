-- What runs in a service now, found without its history.
CREATE INDEX deployment_now ON deployment (env_id, service_id) WHERE d_to = 9223372036854775807;
