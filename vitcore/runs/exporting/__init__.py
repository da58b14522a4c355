"""Stored runs as the files of other programs: TensorBoard's event files, MLflow's file store."""
