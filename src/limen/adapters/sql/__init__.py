"""Owns how things are kept in SQLite and PostgreSQL; never what may be done with them."""
