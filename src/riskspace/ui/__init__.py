"""The page: Gradio over the API's HTTP, and the public part of that API beside it."""
