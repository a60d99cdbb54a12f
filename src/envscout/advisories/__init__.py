"""Feeds of advisories: fetching (`fetch`) apart from reading (everything else). Knows no database and no clock."""
