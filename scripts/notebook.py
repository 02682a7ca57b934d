"""Executes a notebook in its folder; fails where a cell fails, or where the file holds outputs."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

path = Path(sys.argv[1])
notebook = nbformat.read(path, as_version=4)
nbformat.validate(notebook)
kept = [number for number, cell in enumerate(notebook.cells) if cell.get("outputs")]
if kept:
    sys.exit(f"{path}: cells {kept} hold outputs; clear them")
NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
ran = sum(cell.cell_type == "code" for cell in notebook.cells)
shown = sum(len(cell.outputs) for cell in notebook.cells if cell.cell_type == "code")
print(f"{path}: {ran} cells ran, {shown} outputs")
if len(sys.argv) > 2:
    nbformat.write(notebook, sys.argv[2])
