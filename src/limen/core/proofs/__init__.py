"""Owns one-time links and codes sent to an address; never what they are good for."""
