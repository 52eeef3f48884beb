"""Owns sign-ins that wait for a second factor; never the sessions they become."""
