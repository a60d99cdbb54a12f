"""Where this program may connect to, and how it is kept from everywhere else."""
