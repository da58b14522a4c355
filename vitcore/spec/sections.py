"""The sections of a run's spec, one class each; the names of their options are the vocabulary everywhere."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import field_validator

from vitcore.data.registry import DATASETS
from vitcore.layers.kernels import KERNELS, spelled
from vitcore.models import ARCHITECTURES, timm_catalog
from vitcore.models.dimensions import NAMES, Dimensions
from vitcore.spec.options import OneOf, Part, option


class ModelSpec(Part):
    """The network."""

    architecture: Annotated[
        str,
        OneOf(
            ARCHITECTURES,
            "architecture",
            own=timm_catalog.spelled,
            example=timm_catalog.EXAMPLE,
            besides="one of timm's image models",
        ),
    ] = option(
        "cct-2/3x2",
        "Architecture",
        "The network, as its paper names it; or an image model of timm's, where timm is installed, such as "
        "timm/resnet18.",
    )
    kernel: Annotated[str, OneOf(KERNELS, "kernel", own=spelled, example="f: relu(x)**3")] = option(
        "softmax",
        "Attention kernel",
        "What stands between a query and a key; or a formula φ(x) of your own, such as f: relu(x)**3.",
        usual="softmax",
    )
    patch: int | None = option(
        None,
        "Patch",
        "Side of a patch in pixels; empty: the architecture's own.",
        advanced=True,
        ge=1,
        le=64,
        usual="4 for images of 28 or 32 pixels, 16 for 224",
    )
    tokenizer: str | None = option(
        None,
        "Tokenizer",
        "patch/4 for patches of 4 pixels, conv/3x2 for 2 convolutions of 3 x 3; empty: the architecture's own.",
        advanced=True,
        pattern=r"^(patch/\d{1,2}|conv/\d{1,2}x\d)$",
    )
    depth: int | None = option(
        None,
        "Depth",
        "Blocks of the encoder; empty: the architecture's own.",
        advanced=True,
        ge=1,
        le=64,
        usual="2 to 14",
    )
    embed_dim: int | None = option(
        None,
        "Embedding width",
        "Numbers in a token; empty: the architecture's own.",
        advanced=True,
        ge=4,
        le=4096,
        usual="128 to 384",
    )
    num_heads: int | None = option(
        None,
        "Heads",
        "Attention heads; empty: the architecture's own.",
        advanced=True,
        ge=1,
        le=64,
        usual="2 to 6",
    )
    mlp_ratio: float | None = option(
        None,
        "MLP ratio",
        "Width of the MLP between its two maps, as a multiple of the embedding; empty: the architecture's own.",
        advanced=True,
        gt=0,
        le=16,
        usual="1 to 4",
    )
    pool: Literal["own", "class", "sequence", "mean"] = option(
        "own",
        "Pooling",
        "What the head reads: a class token, tokens weighted by a learned score (CCT), or their mean; own: the "
        "architecture's.",
        advanced=True,
    )
    norm_order: Literal["own", "compact", "pre", "post"] = option(
        "own",
        "Norm order",
        "Norms before attention and MLP (pre), after them (post), or as in CCT's published code (compact); own: the "
        "architecture's.",
        advanced=True,
    )
    pos_embed: Literal["learnable", "sinusoidal", "none"] = option(
        "learnable", "Position embedding", "How tokens are told where they stand.", advanced=True
    )
    features: int | None = option(
        None,
        "Random features",
        "Features of a linear kernel; empty: the kernel's own (none but for FAVOR+: the head's width itself).",
        advanced=True,
        ge=1,
        le=4096,
        usual="64 to 256",
    )
    orthogonal: bool = option(
        True, "Orthogonal features", "Random features from orthogonal blocks (Choromanski et al. 2021).", advanced=True
    )
    redraw_every: int = option(
        0,
        "Redraw features every",
        "Training steps between two draws of the features; 0: never.",
        advanced=True,
        ge=0,
        usual="0 or 1000",
    )
    epsilon: float | None = option(
        None,
        "Epsilon",
        "Added to a linear kernel's features; empty: the kernel's own; 0: as the Performer report had it.",
        advanced=True,
        ge=0,
        le=1,
    )
    dropout: float | None = option(
        None,
        "Dropout",
        "In the MLP; empty: the architecture's own.",
        advanced=True,
        ge=0,
        lt=1,
        usual="0 to 0.1",
    )
    attention_dropout: float | None = option(
        None,
        "Attention dropout",
        "On attention weights; empty: the architecture's own.",
        advanced=True,
        ge=0,
        lt=1,
        usual="0 to 0.1",
    )
    drop_path: float | None = option(
        None,
        "Drop path",
        "Chance to skip the last block; empty: its own.",
        advanced=True,
        ge=0,
        lt=1,
        usual="0 to 0.1",
    )

    def dimensions(self) -> Dimensions:
        """What was chosen in place of the architecture's own dimensions."""
        return Dimensions(**{name: getattr(self, name) for name in NAMES})


class DataSpec(Part):
    """What it is trained on."""

    def reading(self) -> dict[str, Any]:
        """How the images are read: what `vitcore.data.load.load` is asked for beside the dataset."""
        named = ("image_size", "folder", "skip_broken", "resize", "crop_from")
        return {name: getattr(self, name) for name in named} | {"validation": self.validation is not None}

    dataset: Annotated[str, OneOf(DATASETS, "dataset")] = option(
        "digits", "Dataset", "What the network learns; the test split never reaches training."
    )
    folder: str | None = option(
        None,
        "Path of your images",
        "Path of your own images (class folders, an archive, images and a CSV, a CSV of pixels, .npz, idx files, "
        "parquet); for the datasets 'folder' and 'own-digits' alone.",
        advanced=True,
        min_length=1,
        max_length=1000,
    )
    skip_broken: bool = option(
        False,
        "Leave out broken images",
        "Train without the images that cannot be read, and note which; otherwise they are listed and nothing begins.",
        advanced=True,
    )
    samples: int | None = option(
        None, "Training samples", "Samples drawn for training; empty: all of them.", ge=1, usual="all"
    )
    replacement: bool = option(
        False, "With replacement", "Whether a sample may be drawn more than once, as in the Performer report's Table 3."
    )
    stratified: bool = option(False, "Stratified", "Keep the classes' shares in the subset.", advanced=True)
    subset_seed: int | None = option(
        None, "Subset seed", "Seed of the subset alone; empty: the run's seed.", advanced=True, ge=0, lt=2**31
    )
    draw_from: Literal["training", "all"] = option(
        "training",
        "Draw samples from",
        "'all' draws from training and test samples together, as the Performer report did: the error then flatters.",
        advanced=True,
    )
    validation: float | None = option(
        None,
        "Validation",
        "Share (below 1) or number of images held out of the training split to choose epochs by; a dataset's own "
        "validation split is used where it has one. 0 or empty: none.",
        initial=0.1,
        ge=0,
        usual="0.1",
    )
    validation_seed: int = option(
        0, "Validation seed", "Seed of the held-out images alone.", advanced=True, ge=0, lt=2**31
    )
    image_size: int | None = option(
        None,
        "Image size",
        "Pixels to which images are resized; empty: the dataset's own.",
        advanced=True,
        ge=8,
        le=512,
    )
    resize: Literal["crop", "stretch"] = option(
        "crop",
        "Images that are not square",
        "crop: the shorter side is brought to the image size and the center is cut out; stretch: both sides are.",
        advanced=True,
    )
    crop_from: int | None = option(
        None,
        "Cut from",
        "Pixels to which images are brought before the image size is cut out of them: in training by resized crops, "
        "else the center, as in evaluation; empty: the image size.",
        advanced=True,
        ge=8,
        le=768,
        usual="empty; 256 for 224 pixels of ImageNet",
    )
    normalize: Literal["standard", "unit"] = option(
        "standard",
        "Normalize",
        "standard: mean 0 and deviation 1 over the training images, by channel; unit: pixels from 0 to 1.",
        advanced=True,
    )
    repeats: int = option(
        1,
        "Repeated augmentation",
        "Times that an image stands in a batch, changed anew each time; an epoch then holds that many fewer images.",
        advanced=True,
        ge=1,
        le=16,
        usual="1, and 3 in DeiT's recipe",
    )

    @field_validator("validation")
    @classmethod
    def _share_or_count(cls, given: float | None) -> float | None:
        """A share stays below 1, a count is whole; 0 is none."""
        if given is not None and given >= 1 and given != int(given):
            raise ValueError(
                f"Validation (validation): {given:g} is neither a share nor a number of images; give a share below 1, "
                "such as 0.1, or a whole number"
            )
        return given or None


class OptimizerSpec(Part):
    """How weights move."""

    optimizer: Literal["adamw", "adam", "sgd", "muon", "lamb"] = option(
        "adamw", "Optimizer", "Muon takes the matrices and leaves the rest to AdamW; LAMB is for large batches."
    )
    learning_rate: float = option(
        1e-3,
        "Learning rate",
        "The schedule's highest.",
        gt=0,
        le=10,
        usual="0.0005 to 0.003 with AdamW, 0.02 with Muon, 0.1 with SGD",
    )
    weight_decay: float = option(0.03, "Weight decay", "Decoupled for AdamW and Muon.", ge=0, le=1, usual="0.01 to 0.1")
    decay_scope: Literal["weights", "timm", "all"] = option(
        "weights",
        "What decays",
        "weights: not biases, norms, positions or tokens; timm: not biases or norms; all: everything.",
        advanced=True,
    )
    beta1: float = option(0.9, "Beta 1", "Adam's first moment; SGD's and Muon's momentum.", advanced=True, ge=0, lt=1)
    beta2: float = option(0.999, "Beta 2", "Adam's second moment.", advanced=True, ge=0, lt=1, usual="0.95 to 0.999")
    nesterov: bool = option(True, "Nesterov", "SGD's momentum looks one step ahead.", advanced=True)
    clip_norm: float | None = option(
        None,
        "Clip gradients",
        "Largest norm of the whole gradient; empty: none.",
        advanced=True,
        gt=0,
        usual="none, or 1",
    )


class ScheduleSpec(Part):
    """How the learning rate moves."""

    schedule: Literal["constant", "cosine", "linear", "onecycle", "step"] = option(
        "cosine", "Schedule", "How the learning rate falls."
    )
    warmup: float = option(
        0.1, "Warm-up", "Share of all steps in which the rate rises.", advanced=True, ge=0, le=0.9, usual="0.05 to 0.1"
    )
    warmup_epochs: int = option(
        0,
        "Warm-up epochs",
        "Epochs in which the rate rises, in place of the share; 0: the share.",
        advanced=True,
        ge=0,
        usual="0, and 5 to 10 in published recipes",
    )
    cooldown_epochs: int = option(
        0,
        "Cool-down epochs",
        "Of the epochs, the last that stay at the lowest rate.",
        advanced=True,
        ge=0,
        usual="0, or 10",
    )
    schedule_unit: Literal["step", "epoch"] = option(
        "step",
        "Rate changes every",
        "epoch: as in timm's training script, whose curve begins under the warm-up.",
        advanced=True,
    )
    initial_lr_factor: float = option(
        0.0, "Initial LR factor", "Of the learning rate, at the first step.", advanced=True, ge=0, le=1
    )
    final_lr_factor: float = option(
        0.01, "Final LR factor", "Of the learning rate, at the last step.", advanced=True, ge=0, le=1
    )
    step_epochs: int = option(30, "Step every", "Epochs between two drops of the step schedule.", advanced=True, ge=1)
    step_factor: float = option(0.1, "Step factor", "What a drop multiplies by.", advanced=True, gt=0, le=1)


class TrainingSpec(Part):
    """How long, in what portions, towards what loss."""

    epochs: int = option(
        5,
        "Epochs",
        "Times that the training samples are gone through.",
        ge=1,
        le=10_000,
        usual="5 for a look, 100 to 300 in published recipes",
    )
    batch_size: int = option(128, "Batch size", "Images in one step.", ge=1, le=65_536, usual="64 to 1024")
    evaluate_every: int = option(
        1,
        "Evaluate every",
        "Epochs between two evaluations on the validation images; without them, on the test images.",
        advanced=True,
        ge=1,
    )
    evaluate_test: bool = option(
        True,
        "Evaluate on the test images",
        "Once training is over; off: nothing looks at them, as in the trials of a search, and validation alone tells.",
        advanced=True,
    )
    target_error: float | None = option(
        None,
        "Target error",
        "Stop once the validation error in percent is this low; without validation, the test error; empty: never.",
        advanced=True,
        ge=0,
        le=100,
    )
    label_smoothing: float = option(
        0,
        "Label smoothing",
        "Share of the target given to all classes.",
        advanced=True,
        ge=0,
        lt=1,
        usual="0 or 0.1",
    )
    softmax_before_loss: bool = option(
        False,
        "Softmax before cross-entropy",
        "A second softmax, as the CIFAR-10 report had it: confines the loss and shrinks gradients about tenfold.",
        advanced=True,
    )
    ema_decay: float = option(
        0,
        "EMA of weights",
        "Decay of the weights' exponential moving average; 0: none.",
        advanced=True,
        ge=0,
        lt=1,
        usual="0, or 0.998 to 0.9999",
    )
    loss_function: Literal["cross-entropy", "bce"] = option(
        "cross-entropy",
        "Loss function",
        "bce: binary cross-entropy, each class a question of its own (Wightman et al. 2021).",
        advanced=True,
    )
    bce_threshold: float = option(
        0,
        "BCE threshold",
        "Share of a mixed target above which a class counts as there; 0: the shares themselves.",
        advanced=True,
        ge=0,
        lt=1,
    )
    teacher: str | None = option(
        None,
        "Teacher",
        "Id of the stored run to distil from (small letters, digits, dashes); empty: none.",
        advanced=True,
        pattern=r"^[a-z0-9][a-z0-9-]*$",
    )
    distillation: Literal["hard", "soft"] = option(
        "hard",
        "Distillation",
        "Hard labels (Touvron et al. 2021) or softened ones (Hinton et al. 2015).",
        advanced=True,
    )
    temperature: float = option(
        3.0, "Temperature", "Softness of a soft teacher.", advanced=True, gt=0, le=100, usual="1 to 5"
    )


class InitSpec(Part):
    """Which weights it starts from: fresh ones, or those of a stored run (fine-tuning)."""

    init_from: str | None = option(
        None,
        "Weights from run",
        "Id of the stored run whose weights are taken over, the head's where the classes are the same; "
        "empty: none (fresh weights).",
        advanced=True,
        pattern=r"^[a-z0-9][a-z0-9-]*$",
    )
    init_weights: Literal["last", "best"] = option(
        "last", "Weights of that run", "Those of its last epoch, or of its best.", advanced=True
    )
    freeze: bool = option(
        False, "Freeze all but the head", "A linear probe: what was taken over stays as it is.", advanced=True
    )
    layer_decay: float = option(
        1.0,
        "Layer-wise rate decay",
        "What the learning rate is multiplied by from each block to the one before it (Clark et al. 2020, Bao et al. "
        "2022); 1: one rate for all.",
        advanced=True,
        gt=0,
        le=1,
        usual="1, and 0.65 to 0.75 in fine-tuning",
    )
    init_fingerprint: str | None = option(
        None,
        "Fingerprint of that run",
        "What it shares with its own seeds, known before the run is there; empty: none.",
        advanced=True,
        derived=True,
        pattern=r"^[0-9a-f]{12}$",
    )
    teacher_fingerprint: str | None = option(
        None,
        "Fingerprint of the teacher",
        "As of the run that it starts from; empty: none.",
        advanced=True,
        derived=True,
        pattern=r"^[0-9a-f]{12}$",
    )
    checkpoint_digest: str | None = option(
        None,
        "Imported file",
        "SHA-256 of the file whose weights these are; empty: none (trained here).",
        advanced=True,
        derived=True,
        pattern=r"^[0-9a-f]{64}$",
    )
