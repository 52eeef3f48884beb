"""Owns what limen tells people by mail and how far each message is; never how it is delivered."""
