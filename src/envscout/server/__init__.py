"""The HTTP API and everything around it: who asks, what may be asked, how it is served."""
