"""Questions, their votes and answers: what the edge asks."""
