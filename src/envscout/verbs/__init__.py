"""Everything the product can do: verbs carry data between the folders below."""
