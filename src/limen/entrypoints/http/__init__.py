"""Owns the HTTP door: routes, their rules, the server; never decides anything."""
