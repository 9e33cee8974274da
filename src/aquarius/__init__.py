"""Aquarius."""
