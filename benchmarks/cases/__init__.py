"""Owns one measurement for each goal; never how a figure is judged."""
