"""Everything that can be asked of a store, as one table: for the command line, the server and its clients."""
