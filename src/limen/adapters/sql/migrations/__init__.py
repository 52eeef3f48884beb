"""Owns how the schema came to be, step by step, up and down; never data of a running system."""
