"""``python -m salesnb`` is the command ``salesnb``."""

from salesnb.cli import main

main()
