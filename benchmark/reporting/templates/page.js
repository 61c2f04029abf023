// Sorting by a column: numbers by value, text by locale, cells that hold neither always last.
function cellAt(row, column) {
  let start = 0;
  for (const cell of row.cells) {
    if (column < start + cell.colSpan) return cell.colSpan > 1 ? null : cell;
    start += cell.colSpan;
  }
  return null;
}

function compare(column, numeric, sign) {
  return (one, other) => {
    const [a, b] = [cellAt(one, column), cellAt(other, column)].map((cell) =>
      !cell || cell.textContent === "" ? null
        : numeric ? (cell.dataset.value === undefined ? null : Number(cell.dataset.value))
        : cell.textContent);
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (numeric ? a - b : a.localeCompare(b));
  };
}

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const body = table.tBodies[0];
      const rows = [...body.rows].sort(
        compare(column, head.classList.contains("number"), up ? 1 : -1));
      body.append(...rows);
      rows.forEach((row) => row.classList.remove("rule"));
    });
  });
}

// A link to a record that is folded away opens it.
function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener("hashchange", unfold);
unfold();
