"""Owns what an adapter promises, one class per port; never an adapter.

A store has three strengths, by name, in `store`: plain (`users`, `sessions`, ...: what one caller
sees), transactional (and `unit_of_work`), concurrent (and `concurrency`, `one_time`, `locks`),
which is what limen needs. Each needs one fixture, `unit_of_work`: a `UnitOfWorkFactory` on an empty
store that knows the built-in role `admin`. Of the other ports, what holds in a crowd or while the
other side is out is a class of its own (`CrowdedHasherContract`, `RefusedMailContract`,
`OutageContract`).
"""
