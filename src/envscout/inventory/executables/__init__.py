"""What compiled programs say about themselves."""
