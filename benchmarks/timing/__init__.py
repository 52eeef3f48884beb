"""Owns the proof that answers take the same time whoever is asked about; never what they say."""
