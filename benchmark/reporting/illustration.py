"""A figure with its caption, laid out and saved in one place."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from benchmark.reporting.tables import flags
from benchmark.running.manifest import TaskEntry
from benchmark.running.records import write_atomically

_STYLE = {
    **sns.axes_style("ticks"),
    **sns.plotting_context("paper"),
    "font.family": "DejaVu Sans",
    "legend.fontsize": 8,
    "hatch.linewidth": 0.6,
    "pdf.fonttype": 42,
    # Titles of methods are text, whatever signs they hold.
    "text.parse_math": False,
    "figure.dpi": 160,
    "savefig.dpi": "figure",
}
_RED = "#b00020"
_LETTERS_PER_INCH = 17
# Without dates and versions the same records give the same bytes.
_METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@dataclass(frozen=True)
class Illustration:
    """A figure under a ``name`` for files: its caption, and how it is drawn."""

    name: str
    caption: str
    task: TaskEntry | None
    """The task whose records it shows; none if it shows a study's."""
    size: tuple[float, float]
    """Width and height in inches."""
    panels: Sequence[Callable[[Axes], Axes]]
    rows: int = 1

    @property
    def warnings(self) -> list[str]:
        """What has to be said in red."""
        return flags(self.task) if self.task else []


def drawn(illustration: Illustration) -> Figure:
    """The figure, laid out."""
    with rc_context(_STYLE):
        layout = ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.06)
        figure = Figure(figsize=illustration.size, layout=layout)
        FigureCanvasAgg(figure)
        if illustration.warnings:
            width = int(_LETTERS_PER_INCH * illustration.size[0])
            said = (line for warning in illustration.warnings for line in wrap(warning, width))
            figure.suptitle("\n".join(said), color=_RED, fontsize=7)
        columns = -(-len(illustration.panels) // illustration.rows)
        axes = figure.subplots(illustration.rows, columns, squeeze=False).ravel()
        for ax in axes[len(illustration.panels) :]:
            ax.remove()
        for ax, panel in zip(axes, illustration.panels, strict=False):
            # Before it is drawn, for some have other spines than two.
            sns.despine(ax=ax)
            panel(ax)
        figure.draw_without_rendering()
        # Both kinds of file keep this layout.
        figure.set_layout_engine("none")
        return figure


def save(illustration: Illustration, folder: Path) -> None:
    """Write a figure as PNG and PDF.

    Raises:
        BenchError: it cannot be written.
    """
    figure = drawn(illustration)
    with rc_context(_STYLE):
        for kind, metadata in _METADATA.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, metadata=metadata)
            write_atomically(folder / f"{illustration.name}.{kind}", buffer.getvalue())


def legend_beside(ax: Axes) -> Axes:
    """The panel, and to the right of all panels what its signs mean."""
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside right center", frameon=False)
    return ax


def legend_below(ax: Axes, *, columns: int = 3, scale: float = 1.0) -> Axes:
    """The panel, and below all panels what its signs mean, each once, ``scale`` times as large."""
    handles, labels = ax.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    ax.figure.legend(
        list(once.values()),
        list(once),
        loc="outside lower center",
        ncols=columns,
        markerscale=scale,
        frameon=False,
    )
    return ax
