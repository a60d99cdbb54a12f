"""The dashboard: every answer as a page that needs no script."""
