"""Owns the life of signing keys; never the tokens they sign."""
