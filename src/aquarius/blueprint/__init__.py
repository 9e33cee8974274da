"""Aquarius: blueprint."""
