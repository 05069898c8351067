"""The page: Gradio over the API's HTTP, and the public part of that API beside it."""

from riskspace.ui.quick_import import import_gradio

import_gradio()
