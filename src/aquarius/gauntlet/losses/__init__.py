"""Losses: what they are given, how they average, what they must give where the answer is known."""
