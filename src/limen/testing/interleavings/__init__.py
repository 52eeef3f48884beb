"""Owns every order in which use cases can meet at their awaits; never the use cases themselves.

Two or three use cases of the services run on one store, and after each await somebody else may go
on. All orders are tried, by depth-first search over the choices, up to a stated bound, and orders
drawn by lot beyond it. After every order the invariants are checked. What breaks one is told as a
story and as a schedule, a word of letters that plays the same order again.

```python
figures = explore(two_refreshes_with_one_token, in_memory)
assert figures.is_exhaustive
```

It needs a store whose awaits are asyncio's own: time, threads and networks are refused.
"""
