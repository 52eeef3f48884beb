"""Owns who calls limen and in which form they are answered; never a decision."""
