"""Owns how the ports are fulfilled; never decides anything."""
