"""Logs the epochs of Lightning's `Trainer.fit` to a run of vitcore; docs/runs-from-elsewhere.md shows its use."""

from pytorch_lightning.callbacks import Callback  # or lightning.pytorch.callbacks


class LogEpochs(Callback):
    """Give it the run of `vc.log(...)`, and what your module calls its metrics beside what vitcore calls them."""

    def __init__(self, run, **names):
        self.run, self.names = (
            run,
            names or {"train_loss": "train_loss", "val_loss": "val_loss", "val_acc": "val_accuracy"},
        )

    def on_train_epoch_end(self, trainer, module):
        if not trainer.is_global_zero:  # of several processes, the one that began the run
            return
        known = trainer.callback_metrics
        found = {own: known[name] for name, own in self.names.items() if name in known}
        self.run.epoch(epoch=trainer.current_epoch + 1, **found)
        trainer.should_stop = trainer.should_stop or self.run.stop_requested
