"""Owns accounts without people: making, changing and deleting them; never their keys."""
