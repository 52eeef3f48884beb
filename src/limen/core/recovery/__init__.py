"""Owns getting back into an account whose password is lost; never what a password must be."""
