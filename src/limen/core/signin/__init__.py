"""Owns the one decision who may come in; never what happens after."""
