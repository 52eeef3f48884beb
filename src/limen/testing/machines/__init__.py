"""Owns the machines that drive the services on a store against a plain model; never an adapter.

Hypothesis tries sequences of use cases; after each, what the services say and what the store holds
must be what the model, a few dictionaries, says it is. A failing sequence is made as short as
possible and printed as a program.

```python
@asynccontextmanager
async def open_store() -> AsyncIterator[UnitOfWorkFactory]:
    yield MyUnitOfWorkFactory(...)  # on an empty store

def test_users_on_my_store() -> None:
    prove(UserMachine, open_store)
```
"""
