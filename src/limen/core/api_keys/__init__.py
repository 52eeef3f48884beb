"""Owns API keys: their form, what they may do, making, rotating and ending them; never people."""
