"""Owns proving and changing e-mail addresses; never who may sign in with them."""
