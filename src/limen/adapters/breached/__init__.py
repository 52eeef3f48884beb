"""Owns which passwords attackers try first; never looks at a network."""
