"""Owns the machines that drive the services on a store against a plain model; never an adapter.

Hypothesis tries sequences of use cases; after each, what the services say and what the store holds
must be what the model, a few dictionaries, says it is. A failing sequence is made as short as
possible, told as a story, kept, and tried first the next time.

```python
@asynccontextmanager
async def open_store() -> AsyncIterator[UnitOfWorkFactory]:
    yield MyUnitOfWorkFactory(...)  # on an empty store

@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_my_store_is_as_the_model_says(machine: Machine) -> None:
    prove(machine, open_store)
```

`MACHINES` is in `limen.testing.machines.proving`, `prove` in `.machine`. For the night there is the
long profile: `python -m limen.testing.machines my_package.store:open_store`.
"""
