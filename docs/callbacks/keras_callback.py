"""Logs the epochs of Keras' `fit` to a run of vitcore; docs/runs-from-elsewhere.md shows its use."""

import keras


class LogEpochs(keras.callbacks.Callback):
    """Give it the run of `vc.log(..., truth=y_test)` and the test images that `truth` belongs to."""

    def __init__(self, run, test_images=None):
        super().__init__()
        self.run, self.test_images = run, test_images

    def on_epoch_end(self, epoch, logs=None):
        # Keras' own "accuracy" and "loss" are of the training images; vitcore's accuracy is of the test images.
        found = {name: (logs or {}).get(name) for name in ("loss", "val_loss", "val_accuracy", "learning_rate")}
        if self.test_images is not None:
            found["predictions"] = self.model.predict(self.test_images, verbose=0)
        self.run.epoch(epoch=epoch + 1, **found)
        if self.run.stop_requested:
            self.model.stop_training = True
