"""Owns how often one may try, and from where; never what is tried."""
