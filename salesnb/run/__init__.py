"""Run: notebooks in, a published report out."""
