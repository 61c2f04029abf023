"""A suite file is refused with the key, the file and the nearest valid word."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.errors import BenchError
from benchmark.registry import METHODS
from benchmark.running.suite import load_suite, shipped
from benchmark.running.variants import variants_of

MINIMAL = """
title = "T"
seeds = [1]
[[tasks]]
name = "t"
source = "synthetic/source"
target = "synthetic/target"
"""


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_minimal_suite_has_the_defaults(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, MINIMAL))
    assert suite.name == "mine"
    assert suite.protocol.split == "80/10/10"
    assert suite.methods == "all"


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_suite_is_valid_and_names_what_exists(name: str) -> None:
    suite = load_suite(name)
    variants_of(suite, METHODS, METHODS)
    if suite.methods != "all":
        assert set(suite.methods) <= {method.name for method in METHODS}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds", "seed", "unknown key 'seed' in .*mine.toml; did you mean 'seeds'"),
        (
            "title",
            "[protocol]\nsplitt = '5-fold'\n[x]\ntitle",
            r"unknown key 'protocol.splitt' in .*did you mean 'split'",
        ),
        ("source =", "sauce =", "unknown key 'tasks.t.sauce' in .*did you mean 'source'"),
        ('name = "t"', "", "key 'tasks.0.name' is missing"),
        ("[1]", "['a']", r"seeds.0 = 'a' in .*integer"),
        ("[1]", "[]", r"seeds = \[\] in .*at least 1"),
        ("[1]", "[1, 1]", "repeat a seed"),
        ("[1]", "[-1]", r"seeds.0 = -1 in .*greater than or equal to 0"),
        ('"t"', '"A task"', r"tasks.A task.name = 'A task'"),
        ("title", "folds = 2\ntitle", "folds = 2 in .*mine.toml: split 80/10/10 has 1 at most"),
        ("[[", "protocol.split = '5-fold'\nfolds = 6\n[[", "folds = 6 in .* split 5-fold has 5"),
        ("[[", "[quick]\nfolds = 2\n[[", "quick.folds = 2 in .*mine.toml: split 80/10/10 has 1"),
        ("title", "name = '../mine'\ntitle", r"name = '\.\./mine' in .*match pattern"),
        ("[[tasks]]", "[tasks", "is not TOML"),
    ],
)
def test_a_wrong_suite_is_refused_in_one_clear_line(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BenchError, match=message) as refused:
        load_suite(written(tmp_path, MINIMAL.replace(old, new)))
    assert "\n" not in str(refused.value)


def test_two_tasks_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = MINIMAL + MINIMAL[MINIMAL.index("[[tasks]]") :]
    with pytest.raises(BenchError, match="two tasks are named 't'"):
        load_suite(written(tmp_path, twice))


def test_a_task_may_have_switches_of_its_own(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, MINIMAL + "protocol = { text = 'reviewText' }"))
    assert suite.protocol.text == "summary"
    assert suite.protocol_of(suite.tasks[0]).text == "reviewText"


def test_a_switch_that_no_protocol_has_is_refused_at_its_task(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"'tasks.t.protocol.txt' .*did you mean 'text'"):
        load_suite(written(tmp_path, MINIMAL + "protocol = { txt = 'reviewText' }"))


VARIANT = """
[[variants]]
method = "knn"
name = "knn-few"
title = "KNN of few"
settings = { k = 3 }
"""


def test_a_variant_follows_its_method_with_settings_of_its_own(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, MINIMAL + VARIANT + "[settings.knn]\nmin_k = 2"))
    found = {v.name: v for v in variants_of(suite, METHODS, METHODS)}
    names = list(found)
    assert names[names.index("knn") + 1] == "knn-few"
    assert found["knn"].settings == {"min_k": 2}
    assert found["knn-few"].settings == {"min_k": 2, "k": 3}
    assert found["knn-few"].title == "KNN of few"


def test_variants_take_part_without_their_method(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, MINIMAL + VARIANT))
    assert [v.name for v in variants_of(suite, [], METHODS)] == ["knn-few"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('method = "knn"', 'method = "kn"', "unknown method 'kn' .*did you mean 'knn'"),
        ("k = 3", "kk = 3", r"unknown key 'variants.knn-few.settings.kk' .*did you mean 'k'"),
        ('"knn-few"', '"nmf"', "the variant 'nmf' .* has the name of a method"),
    ],
)
def test_a_variant_of_what_does_not_exist_is_refused(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    suite = load_suite(written(tmp_path, MINIMAL + VARIANT.replace(old, new)))
    with pytest.raises(BenchError, match=message):
        variants_of(suite, METHODS, METHODS)


def test_two_variants_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="two variants are named 'knn-few'"):
        load_suite(written(tmp_path, MINIMAL + VARIANT + VARIANT))


FAMILY = """
title = "T"
seeds = [1]
[[tasks]]
name = "t@{}"
source = "synthetic/source"
target = "synthetic/target"
published = [{ table = "t", pair = "{} users", domain = "D" }]
planted = { bias = 0.7 }
protocol = { clip = "all" }
[tasks.each]
8.overlap_users = 8
all = {}
own = { source = "synthetic/target", planted.noise = 0.1, protocol.text = "both" }
other.name = "u"
"""


def test_a_family_stands_for_its_members_in_their_order(tmp_path: Path) -> None:
    eight, everyone, own, other = load_suite(written(tmp_path, FAMILY)).tasks
    assert [task.name for task in (eight, everyone, own, other)] == ["t@8", "t@all", "t@own", "u"]
    assert (eight.overlap_users, everyone.overlap_users) == (8, None)
    assert [task.published[0].pair for task in (eight, own)] == ["8 users", "own users"]
    assert (eight.source, own.source) == ("synthetic/source", "synthetic/target")
    assert (own.planted.bias, own.planted.noise, eight.planted.noise) == (0.7, 0.1, 0.5)
    assert (own.protocol, eight.protocol) == ({"clip": "all", "text": "both"}, {"clip": "all"})


def test_a_family_is_what_its_members_are_written_one_by_one(tmp_path: Path) -> None:
    family = """
        [[variants]]
        method = "knn"
        name = "knn-{}"
        title = "KNN of {}"
        [variants.each]
        3.settings.k = 3
        5.settings.k = 5
    """
    one_by_one = VARIANT.replace("few", "3") + VARIANT.replace("few", "5").replace("3", "5")
    assert load_suite(written(tmp_path, MINIMAL + family)) == load_suite(
        written(tmp_path, MINIMAL + one_by_one)
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "8.overlap_users",
            "8.overlap_user",
            r"'tasks.t@8.overlap_user' in .* 'overlap_users'",
        ),
        ("overlap_users = 8", "overlap_users = -8", r"tasks.t@8.overlap_users = -8 in .*greater"),
        ("noise", "noize", r"unknown key 'tasks.t@own.planted.noize' in .*did you mean 'noise'"),
        ("text", "txt", r"unknown key 'tasks.t@own.protocol.txt' in .*did you mean 'text'"),
        (
            "[tasks.each]",
            "[tasks.eahc]",
            r"unknown key 'tasks.t@{}.eahc' in .*mean 'each'",
        ),
        ("t@{}", "t", "two tasks are named 't' in .*mine.toml"),
        ("all = {}", "all = 9", r"tasks.t@\{\}.each.all = 9 in .* `all = \{\}` where"),
        ("all = {}", "all.each = {}", r"tasks.t@\{\}.each.all in .* no family itself"),
        (FAMILY[FAMILY.index("[tasks.each]") :], "each = {}", r"each = \{\} in .*every member"),
        (FAMILY[FAMILY.index("[tasks.each]") :], "each = [8]", r"each = \[8\] in .*write a table"),
        (FAMILY[FAMILY.index("[[tasks]]") :], "tasks = [8]", r"tasks.0 = 8 in .*\[\[tasks\]\]"),
        (FAMILY[FAMILY.index("[[tasks]]") :], "tasks = 8", "tasks = 8 in .*valid list"),
    ],
)
def test_a_family_that_stands_for_nothing_sensible_is_refused_in_one_line(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BenchError, match=message) as refused:
        load_suite(written(tmp_path, FAMILY.replace(old, new)))
    assert "\n" not in str(refused.value)


def test_a_quick_suite_is_less_of_the_same_and_kept_apart(tmp_path: Path) -> None:
    quick = "[settings.knn]\nk = 9\n[quick]\nseeds = [7]\nfolds = 1\nsettings.knn.min_k = 2\n"
    suite = load_suite(written(tmp_path, MINIMAL + quick)).quickened()
    assert (suite.name, suite.seeds, suite.folds) == ("mine-quick", [7], 1)
    assert suite.settings == {"knn": {"k": 9, "min_k": 2}}
    assert [task.name for task in suite.tasks] == ["t"]


def test_a_suite_without_a_quick_form_says_so(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"suite 'mine' has no \[quick\] table"):
        load_suite(written(tmp_path, MINIMAL)).quickened()


def test_a_quick_form_of_tasks_that_do_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"unknown task 'tt' in quick.tasks .*did you mean 't'"):
        load_suite(written(tmp_path, MINIMAL + "[quick]\ntasks = ['tt']"))


@pytest.mark.parametrize(
    ("quick", "message"),
    [
        ("seeds = []", r"quick.seeds = \[\] in .*at least 1"),
        ("seeds = [1, 1]", r"quick.seeds \[1, 1\] in .* repeat a seed"),
        ("tasks = []", r"quick.tasks = \[\] in .*at least 1"),
        ("folds = -1", "quick.folds = -1 in .*greater than or equal to 0"),
        ("trials = 0", "quick.trials = 0 in .*greater than or equal to 1"),
        ("seed = [1]", "unknown key 'quick.seed' in .*did you mean 'seeds'"),
    ],
)
def test_a_quick_form_that_could_not_run_is_refused(
    quick: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BenchError, match=message):
        load_suite(written(tmp_path, f"{MINIMAL}[quick]\n{quick}"))


def test_an_unknown_suite_gets_a_suggestion() -> None:
    with pytest.raises(BenchError, match="unknown suite 'amazn'; did you mean 'amazon'"):
        load_suite("amazn")


def test_a_suite_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BenchError, match=r"cannot read suite nowhere\.toml: No such file"):
        load_suite("nowhere.toml")


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("[settings.kn]\nk = 3", "unknown method 'kn' .*did you mean 'knn'"),
        ("[settings.knn]\nkk = 3", r"unknown key 'settings.knn.kk' .*did you mean 'k'"),
        ("[tuning]\nmethods = ['svd']", "tuning.methods: no .* 'svd' .*did you mean 'svdpp'"),
        ("[tuning]\nmethods = ['bias']", "tuning.methods: 'bias' in .* nothing to search"),
        ("[settings.cmf]\nfactors = 'many'", "settings.cmf.factors = 'many' in .*valid integer"),
        ("[settings.knn]\nk = 2.5", "settings.knn.k = 2.5 in .*valid integer"),
        ("[settings.dml]\ndual = 3", "settings.dml.dual = 3 in .*should be 'swap', 'same'"),
        ("[settings.ui-dan]\nadapt = 'x'", "settings.ui-dan.adapt = 'x' in .*should be 'all' or"),
        ("[settings.ui-dan]\nepochs = -1", "settings.ui-dan.epochs = -1 in .*greater than or"),
    ],
)
def test_settings_of_what_does_not_exist_are_refused(
    addition: str, message: str, tmp_path: Path
) -> None:
    suite = load_suite(written(tmp_path, f"{MINIMAL}\n{addition}"))
    with pytest.raises(BenchError, match=message):
        variants_of(suite, METHODS, METHODS)


def test_artifacts_of_what_takes_no_part_are_refused(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, f"artifacts = ['ui-dn']\n{MINIMAL}"))
    with pytest.raises(BenchError, match=r"artifacts: no .* 'ui-dn' .*did you mean 'ui-dan'"):
        variants_of(suite, METHODS, METHODS)
    suite = load_suite(written(tmp_path, f"artifacts = ['ui-dan']\n{MINIMAL}"))
    with pytest.raises(BenchError, match=r"artifacts: no .* 'ui-dan' takes part in suite 'mine'"):
        variants_of(suite, METHODS[:2], METHODS)


def test_a_task_cannot_leave_out_what_takes_no_part(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, f"{MINIMAL}\nwithout = ['ui-dn']"))
    with pytest.raises(BenchError, match=r"tasks\.t\.without: no .* 'ui-dn' .*mean 'ui-dan'"):
        variants_of(suite, METHODS, METHODS)


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("[settings.cmf]\nfactors = 4", "settings.cmf in suite 'mine', where 'cmf' takes no part"),
        ("[tuning]\nmethods = ['cmf']", "tuning.methods: no method or variant 'cmf' takes part"),
    ],
)
def test_what_is_said_of_a_method_that_takes_no_part_is_refused(
    addition: str, message: str, tmp_path: Path
) -> None:
    suite = load_suite(written(tmp_path, f"{MINIMAL}\n{VARIANT}\n{addition}"))
    with pytest.raises(BenchError, match=message):
        variants_of(suite, METHODS[:2], METHODS)


def test_settings_of_a_method_count_for_its_variants_alone(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, f"{MINIMAL}\n{VARIANT}\n[settings.knn]\nmin_k = 2"))
    assert [v.settings for v in variants_of(suite, [], METHODS)] == [{"min_k": 2, "k": 3}]


def test_a_suite_in_which_nobody_takes_part_is_refused(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, MINIMAL))
    with pytest.raises(BenchError, match=r"methods = \[\] in suite 'mine'.*nothing would run"):
        variants_of(suite, [], METHODS)


@pytest.mark.parametrize("split", ["cold-user", "cold-item"])
def test_a_cold_split_is_of_one_direction(split: str, tmp_path: Path) -> None:
    both = f'{MINIMAL}score = "both"\nprotocol.split = "{split}"\n'
    with pytest.raises(BenchError, match=f'tasks.t.score = "both" in .*: a {split} split divides'):
        load_suite(written(tmp_path, both))


@pytest.mark.parametrize(
    ("planted", "message"),
    [
        ("factors = 0", "planted.factors = 0 in .*greater than or equal to 1"),
        ("factors = 68", "planted.factors = 68 in .*less than or equal to 67"),
        ("items = [1, 30]", "planted.items.0 = 1 in .*greater than or equal to 2"),
        ("relatedness = 2", "planted.relatedness = 2 in .*less than or equal to 1"),
        ("noise = nan", "planted.noise = nan in .*finite"),
        ("noise = -1", "planted.noise = -1 in .*greater than or equal to 0"),
        ("seed = -1", "planted.seed = -1 in .*greater than or equal to 0"),
        ("image_features = -1", "planted.image_features = -1 in .*greater than or equal to 0"),
    ],
)
def test_what_cannot_be_planted_is_refused(planted: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=message):
        load_suite(written(tmp_path, f"{MINIMAL}planted = {{ {planted} }}\n"))
