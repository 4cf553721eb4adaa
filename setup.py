"""The one part that is compiled: optional, since its Python twin serves where there is no C compiler (decision 11)."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "ferraris.codec._records", ["src/ferraris/codec/_records.c"], extra_compile_args=["-O3"], optional=True
        )
    ]
)
