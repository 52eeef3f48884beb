"""Owns what an adapter promises, one class per port; never an adapter.

Split by strength: what one caller sees (`users`, `sessions`, ...), what a transaction is
(`unit_of_work`), and what holds when many come at once (`concurrency`). An adapter for the store
passes all of them; each needs one fixture, `unit_of_work`: a `UnitOfWorkFactory` on an empty store
that knows the built-in role `admin`.
"""
