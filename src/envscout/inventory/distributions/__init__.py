"""Databases of distribution packages."""
