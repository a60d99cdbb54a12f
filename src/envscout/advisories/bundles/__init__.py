"""Signed bundles of feeds, for where no feed can be fetched: their form, their signature, and what may follow what."""
