"""Owns who gets what; never does anything itself."""
