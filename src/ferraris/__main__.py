"""`python -m ferraris` is the `ferraris` command."""

from ferraris.cli.main import run

if __name__ == "__main__":
    run()
