"""What a run's answers tell."""
