"""From the NHANES survey to a model package. Nothing in serving imports this room."""
