"""Owns what limen needs from outside; never says how it is done."""
