"""Sequences: attention, causality, positions, padding, masking, recurrent state."""
