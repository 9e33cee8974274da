"""Two implementations of one model, side by side."""
