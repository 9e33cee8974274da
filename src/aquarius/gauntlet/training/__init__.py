"""Training and its data: the step, the recipe, updates, loaders, memorising, ablation, curves."""
