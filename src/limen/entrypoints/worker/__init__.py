"""Owns what limen does without being asked; never what a purge or a message means."""
