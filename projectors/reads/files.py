"""The libraries of rooms: what the edge asks."""
