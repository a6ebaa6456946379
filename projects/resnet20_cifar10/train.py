"""Train ResNet-20 on CIFAR-10, for those who do not have the pretrained weights.

    python projects/resnet20_cifar10/train.py
    python projects/resnet20_cifar10/run.py --model projects/resnet20_cifar10/resnet20.keras

Standard augmentation (random crops of the padded image, random flips), SGD with momentum, cosine schedule. A GPU needs
minutes, a CPU hours; the model is saved after every epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from hlsq import data
from hlsq.cli.console import ExplainedCommand, short_path, step
from hlsq.cli.quiet import load_tensorflow
from hlsq.demo import accuracy
from hlsq.progress import progress_bar

HERE = Path(__file__).resolve().parent
PADDING = 4
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-3  # Keras adds it beside the momentum, which makes 1e-4 inside of it
WARMUP_EPOCHS = 2

Images = NDArray[np.float32]
Labels = NDArray[np.int64]


@click.command(cls=ExplainedCommand)
@click.option("--epochs", type=click.IntRange(1), default=160, show_default=True, help="Epochs of training.")
@click.option("--steps", type=click.IntRange(1), help="Stop after so many batches; for a quick try.")
@click.option("--batch-size", type=click.IntRange(1), default=128, show_default=True, help="Images per batch.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=0.1, show_default=True, help="Learning rate.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of weights, order and augmentation.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), default=HERE / "resnet20.keras", help="Model to write."
)
def main(epochs: int, steps: int | None, batch_size: int, rate: float, seed: int, output: Path) -> None:
    """Train ResNet-20 on CIFAR-10 and save it as a .keras file that run.py --model takes."""
    if output.suffix != ".keras":
        raise click.BadParameter(f"{output} must end with .keras", param_hint="--output")
    output.parent.mkdir(parents=True, exist_ok=True)
    (x, y), (x_test, y_test) = data.load_cifar10()
    with step("Loading TensorFlow"):
        load_tensorflow()
        import keras

        from hlsq.zoo.reference import keras_outputs
        from hlsq.zoo.resnet20 import preprocess, resnet20

    keras.utils.set_random_seed(seed)
    per_epoch = -(-len(x) // batch_size)
    total = min(epochs * per_epoch, steps or epochs * per_epoch)
    model = resnet20()
    compile_model(model, rate, total, warmup=min(WARMUP_EPOCHS * per_epoch, total // 10))
    click.echo(f"{len(x):,} training images, {total:,} batches of {batch_size}")
    fit(model, batches(preprocess(x), y, batch_size, np.random.default_rng(seed)), total, per_epoch, output)
    with step("Computing the accuracy"):
        found = accuracy(keras_outputs(model, preprocess(x_test)), y_test)
    click.echo(f"accuracy on {len(x_test):,} test images: {found:.2f} %")
    click.echo(f"{short_path(output)}: saved; next: run.py --model {short_path(output)}")


def compile_model(model: Any, rate: float, total: int, warmup: int) -> None:
    """Optimiser, loss and metric; the rate rises for ``warmup`` batches and falls to 0 at the end of all ``total``."""
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else rate, max(total - warmup, 1), warmup_target=rate if warmup else None, warmup_steps=warmup
    )
    model.compile(
        optimizer=keras.optimizers.SGD(schedule, momentum=MOMENTUM, nesterov=True, weight_decay=WEIGHT_DECAY),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


def fit(model: Any, source: Iterator[tuple[Images, Labels]], total: int, per_epoch: int, output: Path) -> None:
    """Train for ``total`` batches; save after every epoch and at the end."""
    with progress_bar(total, "train", "batch") as bar:
        for done, (x, y) in enumerate(islice(source, total), start=1):
            found = model.train_on_batch(x, y, return_dict=True)
            bar.set_postfix(loss=f"{found['loss']:.3f}", accuracy=f"{100 * found['accuracy']:.1f} %", refresh=False)
            bar.update()
            if done % per_epoch == 0 or done == total:
                model.save(output)
                model.reset_metrics()


def batches(x: Images, y: Labels, size: int, rng: np.random.Generator) -> Iterator[tuple[Images, Labels]]:
    """Augmented batches without end; every image once per epoch, the last batch of an epoch may be smaller."""
    while True:
        order = rng.permutation(len(x))
        for start in range(0, len(x), size):
            chosen = order[start : start + size]
            yield augment(x[chosen], rng), y[chosen]


def augment(x: Images, rng: np.random.Generator) -> Images:
    """Each image [height, width, channels] cropped at random from its zero-padded self, and flipped half the time."""
    count, height, width, _ = x.shape
    padded = np.pad(x, ((0, 0), (PADDING, PADDING), (PADDING, PADDING), (0, 0)))
    top, left = rng.integers(0, 2 * PADDING, size=(2, count), endpoint=True)
    rows = top[:, None] + np.arange(height)
    columns = left[:, None] + np.arange(width)
    flipped = rng.random(count) < 0.5
    columns[flipped] = columns[flipped, ::-1]
    return padded[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


if __name__ == "__main__":
    main()
