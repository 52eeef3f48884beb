"""Owns answering a repeated request once; never what the request does."""
