"""Owns who a user is and what may change about them; never their credentials."""
