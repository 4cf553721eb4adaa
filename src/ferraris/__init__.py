"""Ferraris: the open smart-metering system, from the waveform at a meter's terminals to the kilowatt-hour on the bill."""

__version__ = "0.1.0"
