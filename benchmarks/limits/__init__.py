"""Owns what limen is held against: the least that could do the same job; never limen itself."""
