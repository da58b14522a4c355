"""Datasets, subsets, whole-batch augmentation and batches."""
