"""Packages that language package managers installed."""
