-- What happened in one environment is looked up by time.
CREATE INDEX news_environment ON news (environment, at);
