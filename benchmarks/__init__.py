"""Speed, measured beside other implementations in one run: same octets, same machine, rounds taken in turn."""
