"""Owns what a good password is and when one changes; never how it is hashed."""
