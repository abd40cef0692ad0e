"""somalink timed beside the libraries that do the same work: `make bench`. No part of what is installed."""
