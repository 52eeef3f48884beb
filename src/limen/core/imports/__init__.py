"""Owns moving many users in and out; never a file format."""
