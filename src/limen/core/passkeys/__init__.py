"""Owns passkeys and the ceremonies around them (WebAuthn level 3); never how a key is verified."""
