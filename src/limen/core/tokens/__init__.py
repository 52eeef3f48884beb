"""Owns access tokens and refresh families; never the cryptography under them."""
