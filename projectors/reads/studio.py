"""What was on stage when: what the edge asks."""
