"""Owns roles, permissions and grants; never who somebody is."""
