"""A model package: its manifest, its schema, and the engine that answers for it."""
