"""Fuzzing of everything that reads what strangers wrote: `make fuzz`; docs/fuzzing.md says how it works."""
