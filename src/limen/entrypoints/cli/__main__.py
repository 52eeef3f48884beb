"""`python -m limen.entrypoints.cli` is `limen`."""

from limen.entrypoints.cli.main import main

main()
