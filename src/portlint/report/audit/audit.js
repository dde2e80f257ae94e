(() => {
  "use strict";
  const inventory = () => {
    const table = document.getElementById("inventory");
    const tools = document.getElementById("tools");
    if (!table || !tools) return;
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => ({
      row,
      cells: Array.from(row.cells, (cell) => cell.textContent),
      text: row.textContent.toLowerCase(),
    }));
    const search = document.getElementById("search");
    const count = document.getElementById("count");
    const selects = Array.from(tools.querySelectorAll("select"));
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    for (const select of selects) {
      const column = Number(select.dataset.column);
      const values = [...new Set(rows.map((each) => each.cells[column]))].filter(Boolean).sort(compare);
      for (const value of values) select.add(new Option(value, value));
    }
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = selects.filter((select) => select.value).map((s) => [Number(s.dataset.column), s.value]);
      let shown = 0;
      for (const { row, cells, text } of rows) {
        const fits =
          words.every((word) => text.includes(word)) && wanted.every(([column, value]) => cells[column] === value);
        row.hidden = !fits;
        if (fits) shown += 1;
      }
      count.textContent = `${shown} of ${rows.length} places`;
    };
    search.addEventListener("input", filter);
    for (const select of selects) select.addEventListener("change", filter);
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        rows.sort((a, b) => compare(a.cells[column], b.cells[column]) * (down ? -1 : 1));
        body.append(...rows.map((each) => each.row));
      });
    });
    tools.hidden = false;
    filter();
  };
  // What the pointer is on stands out with all that it is linked to.
  const map = () => {
    const picture = document.querySelector(".map svg");
    if (!picture) return;
    const drawn = Array.from(picture.querySelectorAll("[data-of]"), (shape) => [shape, shape.dataset.of.split(" ")]);
    picture.addEventListener("pointerover", (event) => {
      const on = event.target.closest("[data-of]");
      const picked = on ? new Set(on.dataset.of.split(" ")) : new Set();
      const linked = new Set(picked);
      if (picked.size === 1) {
        for (const [, keys] of drawn) if (keys.some((key) => picked.has(key))) keys.forEach((key) => linked.add(key));
      }
      picture.classList.toggle("picked", picked.size > 0);
      for (const [shape, keys] of drawn) {
        const ends = keys.length > 1;
        const isWith = ends
          ? picked.size > 1 ? keys.every((key) => picked.has(key)) : keys.some((key) => picked.has(key))
          : linked.has(keys[0]);
        shape.classList.toggle("with", isWith);
      }
    });
    picture.addEventListener("pointerleave", () => picture.classList.remove("picked"));
  };
  inventory();
  map();
})();
