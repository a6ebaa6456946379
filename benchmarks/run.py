"""Speed as ratios within one run: ``make bench`` (or ``python benchmarks/run.py --help``).

Each table measures its candidates alternately, several times, on the same machine in the same minutes, and compares
medians. Absolute numbers mean little elsewhere; the ratios are what hlsq promises.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# A machine may pin OpenBLAS to the kernels of an older processor; TensorFlow knows no such brake, so none for NumPy.
os.environ.pop("OPENBLAS_CORETYPE", None)

import click
import numpy as np
from networks import LINEAR_BITS, RELU_BITS, convolution_chain, images, keras_resnet20, labelled_images, qkeras_resnet20

import hlsq
from hlsq.counted import in_percent
from hlsq.progress import progress_bar


def row(*cells: object) -> None:
    click.echo("  " + "".join(f"{cell!s:>{34 if i == 0 else 16}}" for i, cell in enumerate(cells)))


def rate(work: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def verdict(ratio: float, target: float) -> str:
    return f"{ratio:.2f} ({'ok' if ratio >= target else 'MISSED'}, target {target:g})"


@click.group(chain=True, invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Print the tables of the chosen benchmarks, of all without an argument."""
    if context.invoked_subcommand is None:
        context.invoke(imports)
        for batch in (32, 128):
            context.invoke(emulator, batch=batch)
        context.invoke(csim)
        context.invoke(chain)
        context.invoke(designs)
        context.invoke(search)
        context.invoke(reduction)
        context.invoke(large_networks)


@main.command()
@click.option("--count", default=2000, help="Images per measurement.")
@click.option("--batch", default=32, help="Batch size of Keras (32 is its default) and of the emulator.")
@click.option("--repeat", default=5)
def emulator(count: int, batch: int, repeat: int) -> None:
    """Emulator against float Keras and QKeras on ResNet-20, images per second."""
    from hlsq.converters.keras import from_keras

    model = keras_resnet20()
    x = images(count)
    with tempfile.TemporaryDirectory() as folder:
        hw = hlsq.convert(model, scheme="doubleq", calibration=x[:256], output_dir=Path(folder) / "net")
    quantised = qkeras_resnet20(from_keras(model))
    candidates: dict[str, Callable[[], object]] = {
        "Keras float predict": lambda: model.predict(x, batch_size=batch, verbose=0),
        "QKeras 8-bit predict": lambda: quantised.predict(x, batch_size=batch, verbose=0),
        "hlsq emulate (doubleq)": lambda: hw.emulate(x, batch_size=batch, progress=False),
    }
    for work in candidates.values():
        work()
    rates: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(repeat):
        for name, work in candidates.items():
            rates[name].append(rate(work, count))
    median = {name: statistics.median(values) for name, values in rates.items()}
    ours = median["hlsq emulate (doubleq)"]
    click.echo(f"\nEmulator, ResNet-20, {count} images, batch size {batch}, medians of {repeat}")
    row("", "images/s", "hlsq / it")
    for name, value in median.items():
        row(name, f"{value:.0f}", f"{ours / value:.2f}")
    float_ratio, qkeras_ratio = ours / median["Keras float predict"], ours / median["QKeras 8-bit predict"]
    click.echo(f"  against float Keras: {verdict(float_ratio, 0.7)}; against QKeras: {verdict(qkeras_ratio, 1.0)}")


def hls4ml_project(graph: hlsq.Graph, folder: Path) -> object:
    import hls4ml

    model = qkeras_resnet20(graph, plain_activations=True)
    config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Vitis")
    config["Model"]["Strategy"] = "Resource"
    for name, layer in config["LayerName"].items():
        layer["Strategy"] = "Resource"
        if name.endswith(("_relu", "_bits")):
            layer["Precision"] = {"result": RELU_BITS if name.endswith("_relu") else LINEAR_BITS}
    converted = hls4ml.converters.convert_from_keras_model(
        model, hls_config=config, backend="Vitis", output_dir=str(folder), io_type="io_stream"
    )
    converted.write()
    return converted


FOLDED = {"shift": (20, "1,152 shift PEs"), "dual": (10, "1,152 Booth PEs")}
"""Kinds of engines, with the images a second asked for in C simulation, and what they are."""


def folded_rate(
    graph: hlsq.Graph, plan: hlsq.Plan | None, kind: str, x: np.ndarray, folder: Path, repeat: int
) -> tuple[float, float]:
    """Images a second and seconds to compile of ResNet-20 on a folded accelerator, last layer in 8 bits."""
    array = {"taps": 16, "outputs": 8, "positions": 9, "kind": kind}
    few = {"taps": 1, "outputs": 3, "positions": 1, "kind": "multiply", "blocks": ["fc"]}
    engines = {"all": array, "last": few} if kind == "shift" else {"all": array}
    hw = hlsq.convert(graph, plan, output_dir=folder, architecture="folded", engines=engines, part="xc7k325t")
    start = time.perf_counter()
    hw.compile()
    compiling = time.perf_counter() - start
    hw.verify(x[:4])
    return statistics.median(rate(lambda: hw.predict(x), len(x)) for _ in range(repeat)), compiling


@main.command()
@click.option("--count", default=64, help="Images for hlsq; hls4ml gets --slow-count.")
@click.option("--slow-count", default=4)
@click.option("--repeat", default=3)
def csim(count: int, slow_count: int, repeat: int) -> None:
    """C simulation and its compilation against hls4ml's, ResNet-20, io_stream."""
    from hlsq.converters.keras import from_keras

    graph = from_keras(keras_resnet20())
    x = images(256)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs = hls4ml_project(graph, folder / "hls4ml")
        # Fewer PEs take more iterations, each of which is simulated: what fits the default part has few.
        hw = hlsq.convert(graph, scheme="doubleq", calibration=x, output_dir=folder / "hlsq", reuse_factor={})
        fitting = hlsq.convert(graph, hw.plan, calibration=x, output_dir=folder / "fitting")
        start = time.perf_counter()
        theirs._compile()  # type: ignore[attr-defined]
        their_compile = time.perf_counter() - start
        compiles = []
        for _ in range(repeat):
            start = time.perf_counter()
            hw.compile()
            compiles.append(time.perf_counter() - start)
        slow = np.ascontiguousarray(x[:slow_count])
        their_rates, our_rates = [], []
        for _ in range(repeat):
            their_rates.append(rate(lambda: theirs.predict(slow), slow_count))  # type: ignore[attr-defined]
            our_rates.append(rate(lambda: hw.predict(x[:count]), count))
        verified = hw.verify(x[:32])
        fitting.compile()
        fitting_rate = statistics.median(rate(lambda: fitting.predict(x[:count]), count) for _ in range(repeat))
        folded = {kind: folded_rate(graph, hw.plan, kind, x[:count], folder / kind, repeat) for kind in FOLDED}
    ours, their = statistics.median(our_rates), statistics.median(their_rates)
    our_compile = statistics.median(compiles)
    click.echo(f"\nC simulation, ResNet-20, io_stream, medians of {repeat}")
    row("", "images/s", "compile s")
    row("hls4ml (Vitis, Resource, 8 bits)", f"{their:.2f}", f"{their_compile:.1f}")
    row("hlsq (doubleq)", f"{ours:.1f}", f"{our_compile:.1f}")
    pes = f"{fitting.estimate().pes} PEs"
    row(f"hlsq (doubleq), {pes}, as it fits", f"{fitting_rate:.1f}", "-")
    for kind, (_, what) in FOLDED.items():
        row(f"hlsq (doubleq), folded, {what}", f"{folded[kind][0]:.1f}", f"{folded[kind][1]:.1f}")
    click.echo(f"  speed: {verdict(ours / their, 25)}; compile time: {verdict(their_compile / our_compile, 2)}")
    for kind, (target, what) in FOLDED.items():
        click.echo(f"  images/s, {what}: {verdict(folded[kind][0], target)}")
    click.echo(f"  {verified.integers} integers of {verified.samples} images, {verified.mismatches} mismatches")


@main.command()
@click.option("--layers", default=200)
def chain(layers: int) -> None:
    """Long networks: compiling the C simulation in parts against a single unit; the page of the report."""
    from hlsq.toolchain import find_cxx

    flags = ["-O3", "-fPIC", "-std=c++14", "-Ifirmware/ap_types", "-Wno-unknown-pragmas", "-march=native"]
    with tempfile.TemporaryDirectory() as name:
        hw = hlsq.convert(*convolution_chain(layers), output_dir=Path(name) / "net")
        source = f"firmware/{hw.design.options.project_name}.cpp"
        whole = [str(find_cxx()), *flags, "-DHLSQ_NATIVE_INT", "-c", source, "-o", "whole.o"]
        one, one_cpu = compile_seconds(lambda: subprocess.run(whole, cwd=hw.output_dir, check=True))
        parts, parts_cpu = compile_seconds(hw.compile)
        page = 1 / rate(lambda: hw.report().to_html(), 1)
    click.echo(f"\nA chain of {layers} convolutions, {os.cpu_count()} cores")
    row("", "seconds", "of a core")
    row("top function and blocks as one", f"{one:.1f}", f"{one_cpu:.1f}")
    row("hlsq", f"{parts:.1f}", f"{parts_cpu:.1f}")
    row("page of the report", f"{page:.1f}", "")
    several = (os.cpu_count() or 1) > 1
    click.echo(f"  compile time: {verdict(one / parts, 2 if several else 1.2)}; of a core: {one_cpu / parts_cpu:.2f}")


def compile_seconds(work: Callable[[], object]) -> tuple[float, float]:
    """By the clock, and of a core, which other programs on a busy machine change less."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    work()
    clock = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@main.command()
@click.option("--repeat", default=7)
def imports(repeat: int) -> None:
    """``import hlsq``: time, and what it loads."""
    script = (
        "import sys, time; t = time.perf_counter(); import hlsq; t = time.perf_counter() - t; "
        "print(t, *[m for m in ('tensorflow', 'keras', 'tf_keras', 'hls4ml', 'qkeras') if m in sys.modules])"
    )
    lines = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(repeat)
    ]
    seconds = statistics.median(float(line[0]) for line in lines)
    loaded = sorted({name for line in lines for name in line[1:]})
    click.echo(f"\nimport hlsq: {seconds:.3f} s ({'ok' if seconds < 0.3 else 'MISSED'}, target below 0.3 s); loads "
               f"{', '.join(loaded) if loaded else 'neither TensorFlow nor Keras nor hls4ml'}")  # fmt: skip


@main.command()
@click.option("--count", default=500, help="Evaluation images.")
@click.option("--rounds", default=2, help="Layers to select.")
@click.option("--whole", is_flag=True, help="A whole run: 1,000 images, until 90 % of the loss is won back. Minutes.")
def search(count: int, rounds: int, whole: bool) -> None:
    """Layer selection (doubleq_ext) against the plain algorithm, which emulates every candidate in full; ResNet-20."""
    from hlsq.converters.keras import from_keras
    from hlsq.emulate.emulator import Emulator
    from hlsq.graph.lowering import quantize_graph
    from hlsq.schemes import run_scheme

    count, mrt, most = (1000, 0.9, None) if whole else (count, 1.0, rounds)
    graph = from_keras(keras_resnet20())
    images_, labels = labelled_images(count)
    x = images(256)
    double, single = (run_scheme(name, graph, x, progress=False) for name in ("doubleq", "quant8"))
    ready = time.perf_counter()
    run_scheme("doubleq", graph, x, progress=False)
    calibration = time.perf_counter() - ready

    def accuracy(plan: hlsq.Plan) -> float:
        logits = Emulator(quantize_graph(graph, plan)).run(images_, progress=False).outputs[graph.outputs[0]]
        return float((logits.argmax(axis=1) == labels).mean())

    start = time.perf_counter()
    found = run_scheme(
        "doubleq_ext", graph, x, evaluation=(images_, labels), mrt=mrt, max_layers=most, progress=False
    ).info["rounds"]
    ours = time.perf_counter() - start - calibration
    start = time.perf_counter()
    plain = plain_search(double, single, accuracy, mrt, most)
    theirs = time.perf_counter() - start
    same = plain == [(r["name"], r["accuracy"]) for r in found]
    mine, all_ = (sum(r[key] for r in found) for key in ("evaluations", "plain_evaluations"))
    goal = f", {in_percent(mrt)} of the loss won back" if whole else ""
    verified = "the same" if same else "ANOTHER"
    click.echo(f"\nSearch, ResNet-20, {count} images, {len(found)} layers{goal}: {verified} result")
    row("", "evaluations", "seconds")
    row("plain algorithm", all_, f"{theirs:.1f}")
    row("hlsq (doubleq_ext)", mine, f"{ours:.1f}")
    click.echo(f"  block evaluations: {verdict(all_ / mine, 3)}; time: {verdict(theirs / ours, 3)}")


def plain_search(
    double: hlsq.Plan, single: hlsq.Plan, accuracy: Callable[[hlsq.Plan], float], mrt: float, most: int | None
) -> list[tuple[str, float]]:
    """Algorithm 1 of the paper as it stands: names and accuracies of the layers that get eight bits, in order."""
    first, last = accuracy(double), accuracy(single)
    plan, taken, reached = double, [], first
    left = [name for name in double.blocks if double.blocks[name] != single.blocks[name]]
    with progress_bar(None, "plain algorithm", "candidate") as bar:
        while left and len(taken) != most and first < last and (reached - first) / (last - first) < mrt - 1e-9:
            tried = {}
            for name in left:
                tried[name] = accuracy(plan.with_block(name, **vars(single.blocks[name])))
                bar.update()
            best = max(tried, key=lambda name: tried[name])
            plan, reached = plan.with_block(best, **vars(single.blocks[best])), tried[best]
            left.remove(best)
            taken.append((best, reached))
    return taken


@main.command()
@click.option("--scheme", default="doubleq", help="Of all networks but the chain.")
@click.option("--checked", is_flag=True, help="Count in the C++ as well, as the tests do (a minute).")
def designs(scheme: str, checked: bool) -> None:
    """What hardware at the defaults asks for in every cycle, and the cycles between two images (docs/hardware.md)."""
    from designs import HEADER, differences_of, figures, quantized_networks

    click.echo(f"| {' | '.join(('network', *HEADER))} |")
    click.echo(f"|---|{'---|' * len(HEADER)}")
    faults: list[str] = []
    for name, graph in quantized_networks(scheme):
        click.echo(f"| {' | '.join((name, *figures(graph).cells))} |")
        faults += [f"{name}: {fault}" for fault in differences_of(graph)] if checked else []
    for fault in faults:
        click.echo(f"  {fault}")
    if checked:
        click.echo(f"  {len(faults)} differences from what the C++ has, and from what directives may say")


@main.command()
@click.option("--count", default=2000, help="Evaluation images.")
@click.option("--cost-count", default=256, help="Calibration images.")
@click.option("--every", default=8, help="Take every so-manyth data-structure.")
def reduction(count: int, cost_count: int, every: int) -> None:
    """Network designer (fxpqnet): one bit less than in a plan it found, against emulating every candidate in full."""
    from reduction import measure

    (ours, mine, seconds), (plain, all_, plain_seconds) = measure(count, cost_count, every)
    differing = len({s.structure.key: s for s in ours}.items() ^ {s.structure.key: s for s in plain}.items())
    same = "the same" if not differing else f"{differing} OTHER"
    click.echo(f"\nReductions, ResNet-20, {count} and {cost_count} images: {same} of {len(plain)} valid ones")
    row("", "evaluations", "seconds")
    row("every candidate in full", all_, f"{plain_seconds:.1f}")
    row("hlsq (fxpqnet)", mine, f"{seconds:.1f}")
    click.echo(f"  block evaluations: {verdict(all_ / mine, 3)}; time: {verdict(plain_seconds / seconds, 3)}")


@main.command()
def units() -> None:
    """Synthesise the units with Yosys, check the netlists, write what they cost, and compare with published designs."""
    from units import blocks, calibration, table

    from hlsq.cost import units as costs

    cells = table.measured()
    table.write(cells, costs.TABLE)
    costs._table.cache_clear()
    calibration.write(costs.PACKING)
    costs.packings.cache_clear()
    click.echo(f"\n{len(cells)} units, each netlist as Python computes it")
    row("published", "class", "", "published", "raw", "paired", "with factor", "error", "left out")
    for cells_of_row in calibration.fitted():
        row(*cells_of_row)
    click.echo("\nNot fitted: published, estimated")
    for cells_of_row in calibration.checks():
        row(*cells_of_row)
    click.echo(
        "\nArrays of DoubleQExt on Artix-7 (512 PEs) and ZCU102 (1,024). Other adder trees or slices would move both"
        "\nkinds by as much, so they do not explain why shift PEs are apart; the paper gives both devices the same"
        "\nwidths. Not told: the clock on Artix-7, and what tools made of the shifter. With the factor of one row, the"
        "\nother misses the 15 % that were aimed at."
    )
    row("", "Artix-7", "ZCU102", "apart")
    for cells_of_row in calibration.shift_arrays():
        row(*cells_of_row)
    click.echo("\nRequantisers of sums of 32 bits to 8, estimated; half_even is the whole of FxP-QLayer (Fig. 12b)")
    row("", "LUT", "FF", "DSP")
    for cells_of_row in calibration.requantisers():
        row(*cells_of_row)
    click.echo("\nPublished accelerators; GOPs = 2 x PEs x clock")
    click.echo(f"  {'':>54}" + "".join(f"{name:>10}" for name in
               ("PEs", "MHz", "GOPs", "published", "LUT", "FF", "BRAM36", "DSP", "LUT a PE")))  # fmt: skip
    for name, *numbers in calibration.accelerators():
        click.echo(f"  {name:>54}" + "".join(f"{number:>10}" for number in numbers))
    click.echo(
        "\nBlock RAMs of 18 Kb by words x bits: as Vivado cuts them, and as Yosys does, with columns of one size"
    )
    row("", "hlsq.cost", "Yosys")
    for cells_of_row in blocks.rows():
        row(*cells_of_row)


@main.command("large-networks")
@click.option("--scheme", default="doubleq")
@click.option("--pes", default=256, help="PEs of the engine.")
@click.option("--network", "names", multiple=True, help="Of keras.applications; can be repeated.")
def large_networks(scheme: str, pes: int, names: tuple[str, ...]) -> None:
    """Networks of keras.applications at 96 x 96 as folded accelerators: one image exact, seconds of every step."""
    from large_networks import HEADER, NETWORKS, rows

    click.echo(
        f"\nFolded accelerator, {scheme}, random weights, one image of 96 x 96: all integers of all blocks equal"
    )
    table(HEADER, list(rows(names or NETWORKS, scheme, pes)))


@main.command()
@click.option(
    "--scheme", default="doubleq", help="Of the networks; their weights are random where none come with them."
)
def estimates(scheme: str) -> None:
    """Estimated LUTs and flip-flops beside published arrays, and known networks on the default part."""
    from estimates import ARRAY_HEADER, ARRAYS, NETWORK_HEADER, network_rows

    click.echo(
        "Estimates of synthesis for 7 series: PEs and adder trees as a block has them, beside what is published.\n"
    )
    table(ARRAY_HEADER, [array.cells for array in ARRAYS])
    click.echo()
    rows = list(network_rows(scheme))
    table(NETWORK_HEADER, [cells for cells, _ in rows])
    click.echo("\n" + "\n".join(f"Largest components of {largest}" for _, largest in rows))


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """In Markdown, as docs have it."""
    click.echo(f"| {' | '.join(header)} |")
    click.echo(f"|---|{'---:|' * (len(header) - 1)}")
    for cells in rows:
        click.echo(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
