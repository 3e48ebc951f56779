// The ledger's filter: a search line, and the counts as switches. Without JavaScript the whole table shows.
const counts = document.querySelectorAll("p.ledger-count");
if (counts.length) {
  const rows = [...document.querySelectorAll("table.ledger tbody tr")];
  const input = document.createElement("input");
  const statusOf = (element) => element.querySelector(".status").textContent;

  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    const off = [...counts].filter((c) => c.getAttribute("aria-pressed") === "false").map(statusOf);
    for (const row of rows) {
      const text = row.dataset.text;
      row.hidden = off.includes(statusOf(row)) || !words.every((word) => text.includes(word));
    }
    for (const section of document.querySelectorAll("article section:has(> * > table.ledger, > table.ledger)")) {
      section.hidden = !section.querySelector("tbody tr:not([hidden])");
    }
  };

  // Read before MathJax replaces the formulas, so that TeX can be searched too.
  for (const row of rows) row.dataset.text = row.textContent.toLowerCase();
  input.type = "search";
  input.className = "ledger-filter";
  input.placeholder = "Filter by id, label, function or TeX";
  input.setAttribute("aria-label", input.placeholder);
  input.addEventListener("input", filter);
  document.querySelector(".ledger-counts").after(input);
  for (const count of counts) {
    count.setAttribute("role", "button");
    count.setAttribute("tabindex", "0");
    count.setAttribute("aria-pressed", "true");
    const toggle = () => {
      count.setAttribute("aria-pressed", count.getAttribute("aria-pressed") === "false");
      filter();
    };
    count.addEventListener("click", toggle);
    count.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        toggle();
      }
    });
  }
}
