"""What a subject's functions are held against: the equations, formulas and words that the facts state."""
