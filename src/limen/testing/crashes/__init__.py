"""Owns the proof that a store survives the death of its writers; never opens a store."""
