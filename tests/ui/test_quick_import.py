"""Gradio's type stubs are left alone when it is imported."""

from __future__ import annotations

import os
import subprocess
import sys

from real import ROOT

SCRIPT = """
import ast, inspect
getfile, parse, parsed = inspect.getfile, ast.parse, []
ast.parse = lambda *given, **more: parsed.append(given) or parse(*given, **more)
import riskspace.ui.app
import gradio as gr
assert inspect.getfile is getfile
assert inspect.getfile(gr.Number).endswith("number.py")
assert gr.Number.change
print(sum("(FormComponent" in str(given) or "(Component" in str(given) for given in parsed))
"""


def test_no_source_of_a_component_is_parsed() -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", SCRIPT]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert ran.stdout == "0\n"
