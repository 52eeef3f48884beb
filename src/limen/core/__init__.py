"""Owns what limen knows; never imports anything but the standard library and the ports."""
