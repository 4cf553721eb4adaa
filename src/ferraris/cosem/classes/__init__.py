"""The interface classes, one file each. A file dropped in here is found by itself: `registry` imports all of them in order."""
