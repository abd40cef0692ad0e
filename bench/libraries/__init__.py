"""One module a library: what it is asked, in its own words. Each is met in its own process, in the environment it installs in."""
