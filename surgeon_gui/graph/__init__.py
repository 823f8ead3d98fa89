"""Graphs as values: read and write, ask, infer, evaluate; everything else builds on this room.

`model` holds Graph and Node, `draft` changes them; `values`, `dtypes` and `attrs` are what
attributes hold; `graphdef`, `open` and `text` are a graph's forms in files; `ops` and `query`
answer questions; `shapes` and `evaluate` know what flows through the edges.
"""
