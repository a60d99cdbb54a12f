"""Java archives: what a jar is, what it was built from and what lies in it."""
