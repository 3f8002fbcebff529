"""Polls, answers and scores: what the edge asks."""
