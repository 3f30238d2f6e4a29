"""Narrow: see :mod:`salesnb.data.narrow`."""

from salesnb.data.narrow import narrowed

__all__ = ["narrowed"]
