"""A risk model served as a page, an API and a supervised container."""

__version__ = "1.0.0"
