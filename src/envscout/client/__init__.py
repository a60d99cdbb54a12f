"""The operations of a server, asked over HTTP."""
