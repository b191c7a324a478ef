"""An AWS-like Batch for tests: real array jobs over moto's account data. Its behaviour is specified in BATCH.md."""
