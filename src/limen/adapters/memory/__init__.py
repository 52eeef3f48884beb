"""Owns the store that lives in this process and dies with it; never a file or a connection."""
