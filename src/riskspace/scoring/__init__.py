"""A file of records in, the same file with the model's answers out: CSV and Parquet of any size."""
