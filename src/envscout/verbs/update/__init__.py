"""Advisories brought up to date: had, staged beside the store, believed or not, and applied in one transaction."""
