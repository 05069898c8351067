"""Other servers, each in an environment of its own, around the same model."""
