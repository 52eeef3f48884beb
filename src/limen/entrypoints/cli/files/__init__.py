"""Owns the files that users move in and out by; never what a user is."""
