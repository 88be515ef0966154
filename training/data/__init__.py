"""From the corpus on disk to batches: windows, targets, augmentation."""
