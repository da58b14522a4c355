// The document's only script: charts in the page's colors, and tables that sort by a press on a head.
const dark = matchMedia("(prefers-color-scheme: dark)")

function draw() {
  const style = getComputedStyle(document.documentElement)
  const [ink, rule, paper] = ["--ink", "--rule", "--paper"].map(name => style.getPropertyValue(name).trim())
  for (const host of document.querySelectorAll(".chart")) {
    const figure = JSON.parse(host.nextElementSibling.textContent)
    const layout = { ...figure.layout, autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" }
    delete layout.width
    layout.font = { ...layout.font, color: ink, family: "system-ui, sans-serif", size: 13 }
    layout.hoverlabel = { ...layout.hoverlabel, bgcolor: paper, bordercolor: rule, font: { color: ink } }
    for (const key of Object.keys(layout).filter(name => /^[xy]axis\d*$/.test(name)))
      layout[key] = { ...layout[key], gridcolor: rule, zerolinecolor: rule, linecolor: rule }
    Plotly.react(host, figure.data, layout, { displaylogo: false, responsive: true })
  }
}

function sorted(table, place, down) {
  const value = row => {
    const cell = row.cells[place]
    return "number" in cell.dataset ? Number(cell.dataset.number) : cell.textContent === "–" ? null : cell.textContent
  }
  const order = (a, b) => {
    const [one, other] = [value(a), value(b)]
    if (one === null || other === null) return (one === null) - (other === null) // what is missing stays last
    const by = typeof one === typeof other && typeof one === "number" ? one - other
      : String(one).localeCompare(String(other), undefined, { numeric: true })
    return down ? -by : by
  }
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order))
}

for (const table of document.querySelectorAll(".scroll table")) {
  const heads = [...table.tHead.rows[0].cells]
  heads.forEach((head, place) => {
    const button = document.createElement("button")
    button.type = "button"
    button.append(...head.childNodes)
    head.append(button)
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending"
      heads.forEach(other => other.removeAttribute("aria-sort"))
      head.setAttribute("aria-sort", down ? "descending" : "ascending")
      sorted(table, place, down)
    })
  })
}

if (window.Plotly) {
  draw()
  dark.addEventListener("change", draw)
}
