"""Owns second factors: authenticator apps and recovery codes; never what they let one do."""
