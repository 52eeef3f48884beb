"""Owns from which devices somebody has signed in; never whether they may."""
