"""The report of `twinohm reproduce`: the table, which values are ours, and figures with the claims they show."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

from twinohm.errors import UsageError
from twinohm.files import MARK, check_output, write_output
from twinohm.plot.report_figures import figure_damage, figure_divider, figure_sequence, figure_tasks
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.intervals import LEAST_BOARDS
from twinohm.studies.claims import ENGINES
from twinohm.studies.reproduction import ClaimRow, share_text, side_by_side
from twinohm.tasks import find_task
from twinohm.tasks.presets import PRESETS

REPORT = "report.md"
Folders = Mapping[tuple[str, str], RunFolder]  # by task and preset


class Meta(TypedDict):
    """What was run to get the rows."""

    profile: str
    seeds: Mapping[str, Sequence[int]]  # hardware seeds by what ran them: firmware, ensemble
    versions: Mapping[str, str]
    command: str


def make_report_folder(out: Path, files: Sequence[str] = ()) -> None:
    """Make the folder of a report that has these files; none: those of `reproduce`.

    Raises UsageError if it cannot be made, or if there is a file of the name of one of the report's that is not
    TwinOhm's to replace.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{out}: cannot be made ({error.strerror}); name a folder you can write to") from error
    for name in files or (REPORT, *(figure.file for figure in _FIGURES)):
        check_output(out / name)


def write_report(out: Path, rows: Sequence[ClaimRow], folders: Folders, meta: Meta) -> Path:
    """Write report.md and its figures to folder `out`; return the path of report.md.

    A figure whose runs are not in `folders` is left out. Raises RunError if a run is damaged, and what
    make_report_folder() raises; DiskError if a file cannot be written.
    """
    make_report_folder(out)
    parts = [
        "# The paper's claims, measured",
        _what_was_run(rows, meta),
        _table(side_by_side(rows)),
        *_agreement(rows),
        "## Ours, not the paper's",
        "The paper does not print these values, or we could not find them:",
        _list(f"{task}: {find_task(task).ours}" for task in _unique(rows, "experiment")),
        *_levers(rows),
        "## Figures",
        *_figures(out, rows, folders),
    ]
    path = out / REPORT
    write_output({path: ("\n\n".join(parts) + f"\n\n<!-- {MARK} -->\n").encode()})
    return path


def _what_was_run(rows: Sequence[ClaimRow], meta: Meta) -> str:
    seeds = " and ".join(f"{_span(seeds)} ({by})" for by, seeds in meta["seeds"].items() if len(seeds))
    versions = ", ".join(f"{name} {version}" for name, version in meta["versions"].items())
    broken = sum(row.get("violations") or 0 for row in rows)
    return (
        f"`{meta['command']}` ran every task on virtual boards of profile {meta['profile']}, hardware seeds {seeds}; "
        f"{versions}. Scores are true ones: what the circuit had, not what the ADC saw. Limits of parts were broken "
        f"{broken} times. *plateau* is the median error of the last quarter of a run, *held* the lowest mean over 10 "
        "ticks, *best* the lowest of one tick, and *best by chance* what that would be if the error only fluctuated as "
        "on the plateau; *restored* means that the supervisor set the best taps again. *orders* are powers of ten "
        "below the error before the first tick, down to one step of the converters. A cell is the median and how many "
        "values reach what the row names, each with its 95 % confidence interval in brackets: by bootstrap over boards "
        f"(from {LEAST_BOARDS} on), and Wilson's."
    )


def _span(seeds: Sequence[int]) -> str:
    return f"{seeds[0]}..{seeds[-1]}" if len(seeds) > 1 else str(seeds[0])


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([row[name] for name in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _agreement(rows: Sequence[ClaimRow]) -> list[str]:
    """Say in how many cases firmware and engine agree."""
    judged = [row for row in rows if row.get("agrees") is not None]
    if not judged:
        return []
    apart = [f"{row['experiment']}, {row['ours']}, preset {row['preset']}" for row in judged if not row["agrees"]]
    text = (
        f"In {len(judged) - len(apart)} of {len(judged)} cases the firmware's median lies where the engine's medians "
        "of as many boards lie in 95 %"
    )
    return [f"{text}; not in: {'; '.join(apart)}." if apart else f"{text}."]


def _levers(rows: Sequence[ClaimRow]) -> list[str]:
    """Return a section for every preset that goes beyond the plain rule."""
    sections = []
    for name in _unique(rows, "preset"):
        preset = PRESETS[name]
        beyond = preset.labels()
        for task, other in preset.only.items():
            beyond += [f"{task} instead: {label}" for label in other.labels()]
        if beyond:
            sections += [f"## Preset {name}: beyond the paper's rule", _list(beyond)]
    return sections


def _draw_tasks(out: Path, folders: Folders) -> Path:
    allostery, regression, iris = (folders[task, "paper"] for task in ("allostery", "regression", "iris"))
    best = {task: folder for (task, preset), folder in folders.items() if preset == "best"}
    return figure_tasks(allostery, regression, iris, out, best)


@dataclass(frozen=True)
class _Figure:
    file: str
    tasks: tuple[str, ...]  # it is drawn from their runs
    shows: str
    draw: Callable[[Path, Folders], Path]


_FIGURES = (
    _Figure(
        "fig2-divider.png",
        ("divider",),
        "**Fig. 2.** A divider of two edges follows its target while both resistances drift",
        lambda out, folders: figure_divider(folders["divider", "paper"], out),
    ),
    _Figure(
        "fig3-tasks.png",
        ("allostery", "regression", "iris"),
        "**Fig. 3.** Three tasks on one network (circle: best moment, bar: plateau)",
        _draw_tasks,
    ),
    _Figure(
        "fig4-sequence.png",
        ("sequence",),
        "**Fig. 4.** Seven tasks in a row without a reset, and the taps after each visit of task ii",
        lambda out, folders: figure_sequence(folders["sequence", "paper"], out, folders.get(("sequence", "best"))),
    ),
    _Figure(
        "fig5-damage.png",
        ("damage",),
        "**Fig. 5.** Five of the 16 edges are pulled one after the other",
        lambda out, folders: figure_damage(folders["damage", "paper"], out, folders.get(("damage", "best"))),
    ),
)


def _figures(out: Path, rows: Sequence[ClaimRow], folders: Folders) -> list[str]:
    parts = []
    for figure in _FIGURES:
        missing = [task for task in figure.tasks if (task, "paper") not in folders]
        if missing:
            parts.append(f"{figure.file} is left out: no run of {', '.join(missing)} with preset paper was kept.")
            continue
        figure.draw(out / figure.file, folders)
        verdicts = filter(None, (_verdict(rows, task) for task in figure.tasks))
        parts += [f"![{', '.join(figure.tasks)}]({figure.file})", f"{'; '.join([figure.shows, *verdicts])}."]
    return parts


def _verdict(rows: Sequence[ClaimRow], task: str) -> str:
    """Say how often the plain rule reaches what the paper reports, by the engine with most runs for each score."""
    plain = [
        row
        for row in rows
        if (row["experiment"], row["preset"]) == (task, "paper") and row["paper"] and row["by"] in ENGINES
    ]
    if not plain:
        return ""
    scores = [[row for row in plain if row["ours"] == ours] for ours in _unique(plain, "ours")]
    most = [max(of_one, key=lambda row: int(row["of"])) for of_one in scores]
    counts = [f"{row['ours'].partition(',')[0]} in {share_text(row, ' of ')}" for row in most]
    reached, tried = (sum(row[key] for row in most) for key in ("reached", "of"))
    word = "in no run" if not reached else "in all runs" if reached == tried else "only in part"
    return f'the paper\'s "{plain[0]["paper"]}" ({task}) holds {word}: {", ".join(counts)}'


def _unique(rows: Sequence[ClaimRow], key: Literal["experiment", "preset", "ours"]) -> list[str]:
    return list(dict.fromkeys(row[key] for row in rows))


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
