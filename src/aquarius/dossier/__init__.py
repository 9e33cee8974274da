"""Aquarius: dossier."""
