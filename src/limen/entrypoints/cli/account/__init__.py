"""Owns what a person does to their own account at a shell; never acts as the operator."""
