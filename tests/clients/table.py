"""Writes the table of clients in README.md from what the last runs of tests/clients/run left behind: a client
that was not run, or not in this version, is said to be so. With --check it writes nothing, and fails when a client
does worse than the table says."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "target/clients/results"
BEGIN, END = "<!-- clients: written by tests/clients/run --table -->", "<!-- clients: end -->"
SDK = "every method: tokens, workspaces, permissions, users, sources, destinations, streams, connections, jobs, OAuth"
KINDS = {
    "airbyte-api": ("Python `airbyte-api`", SDK + ", definitions, tags"),
    "pyairbyte": ("PyAirbyte `airbyte`, `CloudWorkspace`", "deploy, check, sync, cancel, states, logs, custom definitions"),
    "airflow": ("Airflow `apache-airflow-providers-airbyte`", "hook, operator (waiting, asynchronous, deferrable), sensor, trigger"),
    "dagster": ("Dagster `dagster-airbyte`", "assets loaded from a workspace and materialized, sync and poll"),
    "newman": ("Postman by `newman`", "a collection of the usual steps, from the token to a cancelled sync"),
    "schemathesis": ("schemathesis", "every operation of our own description: no 5xx, no answer that it does not describe"),
    "curl": ("curl", "the documented steps"),
}
# What a generation does not have itself.
LACKS = {"airbyte-api-0.52.2": SDK}


def result(name, engine):
    file = RESULTS / f"{name}.{engine}"
    if not file.exists():
        return "not run"
    passed, failed = map(int, file.read_text().split())
    return f"**{failed} of {passed + failed} fail**" if failed else f"{passed} pass"


def passing(cell):
    """How many checks pass, or None where nothing was run or something fails."""
    count, _, word = cell.partition(" ")
    return int(count) if word == "pass" else None


def names():
    """Every client that there is a walk for, in the version that is pinned."""
    here = ROOT / "tests/clients"
    newest_first = sorted((file.stem for file in here.glob("*-*.txt")), reverse=True)
    newman = (here / "postman/package.json").read_text().split('"newman": "')[1].split('"')[0]
    found = [*newest_first, f"newman-{newman}", "curl"]
    return sorted(found, key=lambda name: [*KINDS].index(kind_of(name)))


def kind_of(name):
    return next(kind for kind in KINDS if name == kind or name.startswith(kind + "-"))


def rows():
    """The cells of each client: what it is, its version, what of it is exercised, and how it does on both engines."""
    for name in names():
        kind = kind_of(name)
        client, exercised = KINDS[kind]
        version = name[len(kind) + 1:]
        yield client, version, LACKS.get(name, exercised), result(name, "sqlite"), result(name, "postgres")


def line(cells):
    return "| " + " | ".join(cells) + " |"


def divided(text):
    """The README before the table, the table, and the README after it."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"README.md has no place for the table: {BEGIN} and {END}")
    before, rest = text.split(BEGIN)
    table, after = rest.split(END)
    return before, table, after


def check(table):
    said = {}
    for row in table.strip().splitlines()[2:]:
        client, version, _, *cells = [cell.strip() for cell in row.strip("|").split("|")]
        said[client, version] = cells
    worse = 0
    for client, version, _, *cells in rows():
        for engine, before, now in zip(("SQLite", "PostgreSQL"), said.pop((client, version), []), cells):
            if passing(before) is not None and (passing(now) or 0) < passing(before):
                print(f"{client} {version} on {engine}: the table says '{before}', and now it is '{now}'")
                worse += 1
    for client, version in said:
        print(f"{client} {version} is in the table, and there is no walk for it")
        worse += 1
    sys.exit(worse > 0)


def main():
    readme = ROOT / "README.md"
    before, table, after = divided(readme.read_text())
    if "--check" in sys.argv[1:]:
        check(table)
    lines = [line(["client", "version", "exercised", "SQLite", "PostgreSQL"]), "|---|---|---|---|---|", *map(line, rows())]
    readme.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
