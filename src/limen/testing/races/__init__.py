"""Owns races between processes over one store; never the store.

What can be had once, a thousand callers ask for at the same instant, from several processes: one
gets it. Asyncio alone cannot show this, because there is a moment between any two of its steps.

```python
@asynccontextmanager
async def open_mine(url: str) -> AsyncIterator[UnitOfWorkFactory]: ...

with Crowd(partial(open_mine, url), processes=4) as crowd:
    for result in race(REGISTRATION, crowd, rounds=20, callers=1_000):
        assert result.fault is None
```

See `limen.testing.store.OpenStore`: `open_mine` belongs to a module, so that another process finds
it.
"""
