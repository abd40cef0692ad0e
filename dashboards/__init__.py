"""Records -> eyes. Reads through `somalink.domain.ports.Reader`; meets no store, strap or clock."""
