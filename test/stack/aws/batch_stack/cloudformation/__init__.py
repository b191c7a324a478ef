"""CloudFormation's change sets, as BATCH.md says; `create-stack` without a change set is moto's."""
