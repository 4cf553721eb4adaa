"""What is compiled: optional, since Python does the same where there is no C compiler (decision 11)."""

import sys

from setuptools import Extension, setup

COMPILED = {
    "ferraris.codec._records": ["codec/_records.c", "codec/_arrays.c"],
    "ferraris.dlms._pushes": ["dlms/_pushes.c"],
}
# The interpreter's functions are called from the innermost loops: on ELF without a detour for each (4 % of the rows of a profile).
FLAGS = ["-O3", "-fno-plt"] if sys.platform == "linux" else ["-O3"]

setup(
    ext_modules=[
        Extension(
            name,
            [f"src/ferraris/{source}" for source in sources],
            depends=["src/ferraris/codec/_records.h"],
            extra_compile_args=FLAGS,
            optional=True,
        )
        for name, sources in COMPILED.items()
    ]
)
