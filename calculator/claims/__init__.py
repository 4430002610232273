"""Member-level claims at scale: read, adjudicate, profile. One query, DuckDB or Spark."""
