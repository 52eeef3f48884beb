"""Owns that a browser is remembered after its session; never what a session is good for."""
