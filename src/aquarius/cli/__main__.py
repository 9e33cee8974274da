"""`python -m aquarius.cli`."""

from ._main import main

main()
