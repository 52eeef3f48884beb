"""Owns how fast limen is beside what the machine allows; never whether it is right."""
