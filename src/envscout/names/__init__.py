"""Text that names things, parsed once. Pure."""
