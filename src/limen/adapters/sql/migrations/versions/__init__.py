"""Owns the steps of the schema; never changes one that was released."""
