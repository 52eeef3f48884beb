"""Owns how a browser carries a session in a cookie; never how anybody came in."""
