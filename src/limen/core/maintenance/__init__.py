"""Owns how long finished things are kept; never anything that still counts."""
