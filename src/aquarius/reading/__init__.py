"""Aquarius: reading."""
