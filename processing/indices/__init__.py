"""One file an index: settled beats and grid stops in, fixed-point columns out. All pure, all windows [stop - W, stop)."""
