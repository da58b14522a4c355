"""The recipes of the reports as they were read: the authors' files in their own spelling, other papers' tables.

`FILES` holds what each configuration file of SHI-Labs/Compact-Transformers at cd11f09 states, `SCRIPT` what the
training script beside them (train.py, lines 119-221) takes where they say nothing, `ALIKE` what most files share.
"""

from __future__ import annotations

from typing import Any

Values = dict[str, Any]

SCRIPT: Values = {
    **{"ratio": (3 / 4, 4 / 3), "hflip": 0.5, "vflip": 0.0, "recount": 1, "resplit": False},  # lines 175-196
    **{"clip_grad": None, "drop": 0.0, "drop_path": None, "momentum": 0.9, "opt_betas": None},  # lines 123-130, 215-220
}
ALIKE: Values = {
    **{"scale": (0.8, 1.0), "interpolation": "bicubic", "train_interpolation": "random", "crop_pct": 1.0},
    **{"aa": "rand-m9-mstd0.5-inc1", "mixup": 0.8, "mixup_prob": 1.0, "mixup_mode": "batch", "cutmix": 1.0},
    **{"mixup_switch_prob": 0.5, "mixup_off_epoch": 0, "reprob": 0.25, "remode": "pixel", "amp": True},
    **{"opt": "adamw", "sched": "cosine", "smoothing": 0.1, "cooldown_epochs": 10, "warmup_epochs": 10},
}
CIFAR10: Values = {
    **{"img_size": 32, "mean": (0.4914, 0.4822, 0.4465), "std": (0.2470, 0.2435, 0.2616), "batch_size": 128},
    **{"min_lr": 1e-5, "warmup_lr": 1e-5},
}
CIFAR100: Values = {
    **{"img_size": 32, "mean": (0.5071, 0.4867, 0.4408), "std": (0.2675, 0.2565, 0.2761), "batch_size": 128},
    **{"min_lr": 1e-5, "warmup_lr": 1e-6},
}
IMAGENET: Values = {
    **{"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "crop_pct": 0.9, "scale": (0.08, 1.0)},
}
FLOWERS: Values = {
    **{"mean": (0.4353, 0.3773, 0.2872), "std": (0.2966, 0.2455, 0.2698), "train_split": "train", "val_split": "valid"},
    **{"warmup_lr": 1e-6, "epochs": 300},
}
FILES: dict[str, Values] = {
    "configs/datasets/cifar10.yml": {
        **ALIKE | CIFAR10 | {"mixup_off_epoch": 175, "lr": 55e-5, "weight_decay": 6e-2, "epochs": 300},
    },
    "configs/datasets/cifar100.yml": {
        **ALIKE | CIFAR100 | {"lr": 6e-4, "weight_decay": 6e-2, "epochs": 300},
    },
    "configs/pretrained/cct_7-3x1_cifar10_300epochs.yml": {
        **ALIKE | CIFAR10 | {"mixup_off_epoch": 175, "reprob": 0, "lr": 55e-5, "weight_decay": 6e-2, "epochs": 300},
        **{"model": "cct_7_3x1_32"},
    },
    "configs/pretrained/cct_7-3x1_cifar10_1500epochs.yml": {
        **ALIKE | CIFAR10 | {"lr": 5e-4, "weight_decay": 5e-2, "epochs": 1500, "model": "cct_7_3x1_32_sine"},
    },
    "configs/pretrained/cct_7-3x1_cifar10_5000epochs.yml": {
        **ALIKE | CIFAR10 | {"lr": 5e-4, "weight_decay": 5e-2, "epochs": 5000, "model": "cct_7_3x1_32_sine"},
    },
    "configs/pretrained/cct_7-3x1_cifar100_300epochs.yml": {
        **ALIKE | CIFAR100 | {"lr": 6e-4, "weight_decay": 6e-2, "epochs": 300, "model": "cct_7_3x1_32"},
    },
    "configs/pretrained/cct_7-3x1_cifar100_1500epochs.yml": {
        **ALIKE | CIFAR100 | {"lr": 7e-4, "weight_decay": 5e-2, "epochs": 1500, "model": "cct_7_3x1_32_sine"},
    },
    "configs/pretrained/cct_7-3x1_cifar100_5000epochs.yml": {
        **ALIKE | CIFAR100 | {"lr": 5e-4, "weight_decay": 5e-2, "epochs": 5000, "model": "cct_7_3x1_32_sine"},
    },
    "configs/pretrained/cct_14-7x2_imagenet.yml": {
        **ALIKE | IMAGENET | {"img_size": 224, "batch_size": 128, "lr": 5e-4, "min_lr": 1e-5, "weight_decay": 5e-2},
        **{"epochs": 300, "warmup_lr": 1e-6, "model": "cct_14_7x2_224"},
    },
    "configs/finetuned/cct_14-7x2_imagenet384.yml": {
        **ALIKE | IMAGENET | {"img_size": 384, "batch_size": 96, "lr": 1e-5, "min_lr": 0.0, "weight_decay": 0.0},
        **{"epochs": 30, "warmup_epochs": 0, "warmup_lr": 0.0, "model": "cct_14_7x2_224"},
    },
    "configs/finetuned/cct_14-7x2_flowers102.yml": {  # `sched` is ours: this file alone has none
        **ALIKE | FLOWERS | {"img_size": 384, "batch_size": 20, "lr": 5e-5, "min_lr": 1e-8, "weight_decay": 5e-2},
        **{"model": "cct_14_7x2_384"},
    },
    "configs/pretrained/cct_7-7x2_flowers102.yml": {
        **ALIKE | FLOWERS | {"img_size": 224, "batch_size": 96, "lr": 5e-4, "min_lr": 1e-5, "weight_decay": 6e-2},
        **{"model": "cct_7_7x2_224_sine"},
    },
}
"""By file; a number is the file's, whatever its notation there."""

TIMM: Values = {
    **{"schedule": "cosine", "schedule_unit": "epoch", "decay_scope": "timm", "flip": True, "resized_crop": 0.08},
    **{"interpolation": "random", "rand_augment_policy": "timm", "rand_augment_std": 0.5, "erase_mixed": True},
}
"""What timm's script is in the words of a spec, before anything is stated."""

DEIT: Values = {  # Touvron et al. 2021, Table 9; facebookresearch/deit at 7e160fe, main.py, lines 34-149 and 420
    **TIMM,
    **{"optimizer": "adamw", "learning_rate": 1e-3, "batch_size": 1024, "weight_decay": 0.05, "epochs": 300},
    **{"warmup_epochs": 5, "initial_lr_factor": 1e-3, "final_lr_factor": 1e-2, "decay_scope": "weights", "repeats": 3},
    **{"rand_augment": 9, "mixup": 0.8, "cutmix": 1.0, "erasing": 0.25, "erasing_mode": "pixel", "erase_mixed": False},
    **{"label_smoothing": 0.1, "interpolation": "bicubic", "crop_from": 256},  # datasets.py: 256 / 224 of the size
}
PAPERS: dict[str, Values] = {
    "resnet50": {  # He et al. 2016, Section 3.4
        **{"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 256, "weight_decay": 1e-4, "beta1": 0.9},
        **{"nesterov": False, "decay_scope": "all", "schedule": "step", "schedule_unit": "epoch", "step_epochs": 30},
        **{"step_factor": 0.1, "warmup": 0.0, "epochs": 120, "resized_crop": 0.08, "flip": True},
        "crop_from": 256,
    },
    "resnet50-2021": {  # Wightman et al. 2021, Table 2, procedure A2
        **TIMM,
        **{"optimizer": "lamb", "learning_rate": 5e-3, "batch_size": 2048, "weight_decay": 0.02, "epochs": 300},
        **{
            "warmup_epochs": 5,
            "initial_lr_factor": 2e-4,
            "final_lr_factor": 2e-4,
            "rand_augment": 7,
            "mixup": 0.1,
            "cutmix": 1.0,
        },
        **{"loss_function": "bce", "bce_threshold": 0.2, "repeats": 3, "drop_path": 0.05},
        "crop_from": 235,  # the middle 95 %
    },
    "vit-s": {**DEIT, "drop_path": 0.1},
    "deit-s": {**DEIT, "drop_path": 0.1},
    "regnety": DEIT,
    "deit-b-first": {**DEIT, "drop_path": 0.1},
    "deit-b-larger": {  # facebookresearch/deit at 7e160fe, README_deit.md, line 246: 16 processes of 32 images
        **DEIT,
        **{
            "learning_rate": 5e-6,
            "initial_lr_factor": 0.2,
            "final_lr_factor": 1.0,
            "weight_decay": 1e-8,
            "batch_size": 512,
        },
        **{"epochs": 30, "drop_path": 0.1, "crop_from": 438},
    },
}

REPORTS: dict[str, Values] = {
    "performer": {  # Methodology; ours: batch size, optimizer, network
        **{"architecture": "performer", "dataset": "mnist", "normalize": "unit", "learning_rate": 0.01, "epochs": 100},
        **{"weight_decay": 0.001, "optimizer": "adamw", "batch_size": 128, "schedule": "constant", "warmup": 0.0},
    },
    "cifar10": {  # Sections 3 and 5, Figure 1; ours: batch size
        **{"dataset": "cifar-10", "optimizer": "adam", "learning_rate": 0.00015, "beta1": 0.9, "beta2": 0.999},
        **{"weight_decay": 0.0, "schedule": "constant", "warmup": 0.0, "batch_size": 128},
    },
    "hybrid": {  # Sections 1 and 3; ours: batch size, weight decay, when and to what the rate falls
        **{"architecture": "hybrid", "dataset": "tiny-imagenet", "optimizer": "adamw", "learning_rate": 0.001},
        **{
            "samples": 50_000,
            "epochs": 5,
            "schedule": "onecycle",
            "initial_lr_factor": 0.1,
            "final_lr_factor": 0.0,
            "warmup": 0.3,
        },
        **{"weight_decay": 0.01, "batch_size": 128},
    },
}
