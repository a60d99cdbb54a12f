"""What the join of packages and advisories returns, made useful. Pure: no clock, no store, no network."""
