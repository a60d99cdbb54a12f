"""Applications with descriptions of their own."""
