"""What a model is made of: registration, gradient, blocks, normalisation, initialisation, symmetries, what is read and used."""
