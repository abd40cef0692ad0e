"""The composer: sources in, store and eyes out. The only place where ingest, processing, dashboards and storage meet."""
