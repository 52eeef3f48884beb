"""Owns how long a sign-in lasts and how it ends; never who may start one."""
