"""Who agreed to being recorded, and what was redacted: what the edge asks."""
