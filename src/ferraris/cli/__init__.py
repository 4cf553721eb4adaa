"""The `ferraris` command: the only place that reads arguments, environment and configuration, and that wires the floors.

`main` holds the root command; each sub-command is a module of its own name here, loaded when it is called.
"""
