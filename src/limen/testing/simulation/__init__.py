"""Owns the simulation of a whole limen from a seed; never what a rule of limen is."""
