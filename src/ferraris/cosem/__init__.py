"""COSEM."""
