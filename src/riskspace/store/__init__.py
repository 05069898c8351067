"""Where log entries and prediction records are kept."""
