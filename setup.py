"""What is compiled: optional, since Python does the same where there is no C compiler (decision 11)."""

from setuptools import Extension, setup

COMPILED = {"ferraris.codec._records": "codec/_records.c", "ferraris.dlms._pushes": "dlms/_pushes.c"}

setup(
    ext_modules=[
        Extension(name, [f"src/ferraris/{source}"], extra_compile_args=["-O3"], optional=True)
        for name, source in COMPILED.items()
    ]
)
