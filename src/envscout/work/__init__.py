"""Tasks that outlive the process that asked for them, and who does them."""
