"""Breakout rooms and who was where: what the edge asks."""
