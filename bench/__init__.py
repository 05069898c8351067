"""How fast the API answers, next to what else could answer: `python -m bench --help`."""
