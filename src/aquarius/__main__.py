"""`python -m aquarius`."""

from .cli import main

main()
