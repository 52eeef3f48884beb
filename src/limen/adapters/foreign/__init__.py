"""Owns the verification of password hashes that other systems made; never makes one."""
