"""Aquarius: verdict."""
