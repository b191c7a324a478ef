"""An AWS-like Batch for tests: real array jobs over moto's account data. Its behaviour is written down in ../BATCH.md."""
