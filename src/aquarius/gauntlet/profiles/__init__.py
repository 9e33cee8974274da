"""What one kind of model needs: reinforcement learning, generative models, contrastive learning, graphs, experts."""
