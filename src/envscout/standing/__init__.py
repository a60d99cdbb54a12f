"""What stands in each environment now, and how that differs from what the world was told: for many at once."""
